// What the page's modules share, for the type check alone: answers of the API as far as the page reads them, and what a
// screen is given. Every name here is global to the check; nothing of it is served.

declare namespace Api {
  type Edges = { high: number; medium: number };
  type Box = [number, number, number, number]; // left, top, right, bottom as fractions of the picture's sides
  type Band = "high" | "medium" | "low" | "nothing_found";

  interface Project {
    id: number;
    title: string;
    labels: string[];
    colours: Record<string, string>; // of the labels, #rrggbb
    label_studio: string;
    missing_since: string | null;
    bands: Edges;
    sync: { embedded: number; seen: number; failed: number; videos: number };
  }

  interface HomeImages {
    images: number;
    predicted: number;
    annotated: number;
  }
  interface HomeVideo extends HomeImages {
    name: string;
    filter: string;
    seconds: number;
    frames_in: number[];
    predicted_in: number[];
    annotated_in: number[];
  }
  interface HomeLabel {
    label: string;
    objects: number;
    images: number;
    annotated: number;
  }
  interface HomeStates extends HomeImages {
    embedded: number;
    waiting: number;
    failed: number;
    bands: Record<string, number>;
    accepted: number;
    skipped: number;
    untouched: number;
  }
  interface HomeWork {
    kind: string;
    id: string;
    names: string[];
    queued: boolean;
    progress: number; // 0 to 1
  }
  interface Home {
    next: string;
    next_count: number;
    next_band: string;
    states: HomeStates;
    labels: HomeLabel[];
    bins: number;
    videos: HomeVideo[];
    more_videos: number;
    others: HomeImages;
    loose: HomeImages;
    under_way: HomeWork[];
  }

  interface Hit {
    task: number;
    similarity: number | null; // null without a question
    relevance: "likely" | "possible" | "unlikely" | null;
    labelled: boolean;
    labels: string[] | null;
    video_name: string | null;
    video_time: number | null;
    frame_number: number | null;
    judged?: boolean | null; // what somebody said of it; the page keeps it here
  }

  interface Found {
    hits: Hit[];
    total: number;
    window: number; // how far can be paged
    order?: "time" | "varied" | "rare" | "cluster"; // of images without a question
    exact: boolean;
    waiting: number;
    unread: string[] | null;
    nothing_found: boolean | null;
  }

  interface Cluster {
    picture: Hit;
    images: number;
    words: string[];
  }

  interface Clusters {
    total: number;
    looked_at: number;
    clusters: Cluster[];
  }

  interface ObjectHit extends Hit {
    similarity: number;
    object: number;
    label: string;
    score: number;
    box: Box;
  }

  interface FoundObjects {
    hits: ObjectHit[];
    total: number;
    objects: { embedded: number; waiting: number; failed: number };
    unread: string[] | null;
    nothing_found: boolean | null;
  }

  interface Example {
    task?: number;
    object?: number;
    box?: number[];
  }

  // An ask as the server keeps it.
  interface KeptAsk {
    text?: string;
    like?: Example[];
    unlike?: Example[];
    filters?: Record<string, string | number | boolean>;
  }

  interface PastSearch {
    id: number;
    query: string;
    ask: KeptAsk | null;
  }

  interface SavedSearch {
    id: number;
    name: string;
    ask: KeptAsk;
  }

  interface Video {
    filter: string;
    name: string;
    video_id: string;
    frames: number;
    seconds: number | null;
  }

  // An object that was predicted or annotated; `mask` is a PNG in base64 that fills `box`.
  interface Region {
    object: string; // its name
    movable: boolean; // has an upright box
    label: string;
    score: number | null;
    box: Box;
    mask: string | null;
    rings: number[][][];
  }

  interface TaskDetails {
    label_studio: string;
    notes: { key: string; reason: string }[];
    model_version: string;
    annotations: { id: number; cancelled: boolean; updated_at: string | null; objects: Region[] }[];
    predictions: { id: number; current: boolean; score: number | null; model_version: string; objects: Region[] }[];
  }

  interface Neighbour {
    task: number;
    video_time: number;
    frame_number: number | null;
    same: boolean;
  }

  // What a run found of a label on the images of an earlier run too.
  interface EarlierCount {
    run: number;
    images: number;
    objects: number;
    objects_now: number;
  }

  interface LabelResult {
    label: string;
    objects: number;
    high: number;
    medium: number;
    low: number;
    images: number;
    before: EarlierCount | null;
  }

  interface RunResult {
    images: number;
    images_with_nothing: number;
    objects: number;
    labels: LabelResult[];
    examples: number[];
    nothing_examples: number[];
  }

  // A task whose own file is a video.
  interface CutRule {
    fps: string;
    scene: number;
    made_by: string;
  }

  interface VideoFile {
    task: number;
    name: string;
    state: "new" | "queued" | "running" | "done" | "failed";
  }

  // The objects of a picture, for its thumbnail.
  interface BoxedTask {
    task: number;
    width: number;
    height: number;
    objects: { label: string; box: Box }[];
  }

  // Frames of one video, by time.
  interface Neighbours {
    frames: Neighbour[];
    earlier: boolean;
    later: boolean;
    previous_change: number | null;
    next_change: number | null;
  }

  // A picture that was edited, as it is stored.
  interface Edited {
    edit: number;
    task: number;
    objects: number;
    counts: Record<"kept" | "moved" | "relabelled" | "deleted" | "added", number>;
  }

  interface Segment {
    segment: number | null;
    object: Region | null;
  }

  interface Concept {
    label: string;
    prompts: string[];
    threshold: number;
  }

  interface LabelReferences {
    label: string;
    by: "words" | "proposals";
    words: string[];
    references: { id: number; task: number; box: number[] }[];
  }

  interface References {
    labels: LabelReferences[];
  }

  interface Recipe {
    keep_threshold: number;
    concepts: (Concept & { config: { prompts: string[]; threshold: number } })[];
  }

  interface KnownDetector {
    name: string;
    architecture: string;
    classes: string[];
    error: { message: string } | null;
  }

  interface Engine {
    engine: "sam3" | "detector";
    detector: string;
    masks: boolean;
    detectors: KnownDetector[];
    mapping: { label: string; classes: string[]; by_name: string[]; changed: boolean }[];
    unused_classes: string[];
    again?: number;
  }

  interface Sources {
    views: { id: number; title: string }[];
    unlabelled: number;
    all: number;
  }

  interface PackedMask {
    x: number;
    y: number;
    w: number;
    h: number;
    bits: string;
  }

  interface PreviewedTask {
    task: number;
    state: "waiting" | "done" | "failed";
    error: { message: string } | null;
    width: number;
    height: number;
    objects: { label: string; score: number; box: Box; mask: PackedMask | null; shade?: HTMLCanvasElement }[];
  }

  interface Estimate {
    tasks: number;
    to_compute: number;
    seconds: number | null;
    workers: number;
    unread: { prompt: string; unread: string | null }[];
  }

  interface Run {
    id: number;
    state: "queued" | "running" | "done" | "failed" | "cancelled";
    labels: string[];
    model_version: string;
    created_at: string;
    requested: number;
    done: number;
    failed: number;
    cancelled: number;
    rate: number | null;
    seconds_left: number | null;
    left_out: { objects: number; tasks: number } | null;
    without_predictions?: number; // tasks of the control arm
    settings: {
      source?: string;
      query?: string;
      view?: string | number;
      recipe?: { concepts?: Partial<Concept>[]; labels?: Partial<Concept>[] };
    };
    errors: { task: number; tasks?: number; message: string; hint: string | null }[];
  }

  interface ReviewStatus {
    total: number;
    reviewed: number;
    left: number;
    check_first: number;
    check_first_chosen: boolean;
    set_aside: number;
    looked_at: number; // tasks decided one by one in the last day
    seconds_each: number | null; // null: of too few
    accepted: number;
    checked: number;
    fixed: number;
    skipped: number;
    unscored: number;
    outdated: number;
    added: number;
    refuted: number; // certificates
    edges: Edges;
    bands: Record<Band, number>;
    objects: Record<Band, number>;
  }

  interface ScoreSpread {
    bins: number;
    edges: Edges;
    labels: Record<string, number[]>;
    tasks: number[];
    objects: number[];
  }

  interface View {
    kind: string;
    query: string;
    url: string;
  }

  interface ReviewObject {
    task: number;
    object: string;
    label: string;
    score: number | null;
    box: Box | null;
    of: number; // objects of its task
    sure: boolean;
    unsure: number; // objects of its task below the high band
    verdict: string;
    new_label?: string; // of a relabelled one
  }

  // An object on the wall of all bands, and the last verdict on it.
  interface WallObject {
    task: number;
    object: string;
    label: string;
    score: number;
    box: Box;
    verdict: string;
    new_label: string;
  }

  interface Wall {
    objects: Record<string, number>;
    shown: WallObject[];
    next: string | null;
  }

  interface TaughtObject {
    task: number;
    box: Box;
    before: number;
    after: number;
    right: boolean | null; // what people said of it
  }

  interface LastVerdicts {
    verdicts: number;
    shown: number;
    hidden: number;
    crops: TaughtObject[];
  }

  interface TeachMe {
    shown: WallObject[];
    left: number;
    waiting: number;
    objects: Record<string, number>;
    learned: LastVerdicts | null;
  }

  interface VerifierState {
    key: string;
    in_use: boolean;
    right: number;
    wrong: number;
    created_by: string;
    created_at: string;
  }

  interface VerifierDraft {
    key: string;
    paid: boolean; // it may be used
    figures: { ranked: number; ranked_by_score: number };
    changes: {
      objects: number;
      of: number;
      shown: number;
      hidden: number;
      into_high: number;
      out_of_high: number;
      crops: TaughtObject[];
    };
    pulling: TaughtObject[];
    mistakes: TaughtObject[];
  }

  interface LabelTeaching {
    label: string;
    right: number;
    wrong: number;
    waiting: number;
    gone: number;
    wanted: number;
    draft: VerifierDraft | null;
    states: VerifierState[];
    open_samples: number[];
    rebuilding: number;
  }

  interface Suspicion {
    id: number;
    task: number;
    kind: string;
    label: string;
    box: Box | null; // x, y, width, height in percent
    strength: number;
    score: number | null;
    lacking: boolean;
    said: string; // the label that the other model gives
  }

  interface KindOfSuspicion {
    kind: string;
    on: boolean;
    open: number;
    right: number;
    wrong: number;
  }

  interface CheckFirst {
    tasks: number;
    suspicions: Suspicion[];
    answered: Suspicion[];
    kinds: KindOfSuspicion[];
  }

  interface SuspicionWall {
    suspicions: Suspicion[];
    left: number;
  }

  interface ToFix {
    tasks: number;
    ready: number; // can be accepted without their rejected objects
    left: { reason: "whole" | "unsure" | "gone" | "check_first" | "disputed" | "unjudged"; tasks: number[] }[];
  }

  interface AcceptPlan {
    tasks: number;
    objects: number;
    set_aside: number;
    rejected: number; // objects that are left out
    corrected: number; // objects that are accepted as somebody said, not as predicted
  }

  interface AcceptReport {
    accepted_tasks: number;
    accepted_objects: number;
    skipped: number;
    acceptance: number | null;
  }

  interface UndoReport {
    undone: number;
    left: { task: number; reason: string }[];
  }

  interface Acceptance {
    id: number;
    state: string;
    accepted: number;
    undone: number;
    kept: number;
    accepted_by: string | null;
    verified: boolean;
    verified_labels: string[];
    created_at: string;
    selection: {
      task_ids?: number[];
      nothing_found?: boolean;
      additions?: boolean;
      judged?: boolean;
      min_score: number;
      max_score?: number | null;
    };
  }

  type SampleVerdict = "right" | "wrong" | "unsure";

  // One threshold of a sample's ladder.
  interface SampleStep {
    edge: number;
    objects: number;
    judged: number;
    wrong: number;
    accepted: number; // objects that would be
    others: number; // of other labels, accepted with them
    least_right: number;
    certified: boolean;
    more: number; // judgements that would certify it if all were right
  }

  interface SamplePoint {
    judged: number;
    wrong: number;
    least_right: number;
  }

  interface SampleLabel {
    label: string;
    first: number; // of its objects are asked before the others
    judged: number;
    wrong: number;
  }

  interface CertificateSummary {
    id: number;
    sample: number;
    kind: "objects" | "nothing_found";
    labels: string[];
    edge: number;
    state: "valid" | "void" | "refuted";
    reason: string;
    later: { corrected: number; allowed: number; tasks: number[] } | null;
    accepted_objects: number;
    other_objects: number; // of other labels, of which it says nothing
    least_right: number;
    judged: number;
    wrong: number;
    people: string[]; // "": not named
    confidence: number;
    digest: string;
    issued_at: string;
  }

  interface Sample {
    id: number;
    project: number;
    kind: "objects" | "nothing_found";
    labels: string[]; // of objects: the only one, none: all; of frames: those that were looked for
    state: "open" | "certified" | "stopped" | "void";
    target: number;
    budget: number; // judgements
    objects: number;
    tasks: number;
    others: number; // objects of other labels on these tasks
    judgements: number;
    steps: SampleStep[]; // from high to low
    certificates: CertificateSummary[];
  }

  interface SampleItem {
    place: number;
    task: number;
    label: string;
    score: number | null; // of a whole frame
    box: Box;
  }

  interface SampleItems {
    items: SampleItem[];
    with_others: number;
  }

  interface VerifiedAcceptance {
    skipped: number;
  }

  interface ScoreClassSeen {
    start: number;
    end: number;
    outcomes: number;
    share: number | null;
    low: number;
    high: number;
  }

  interface LabelTrust {
    label: string;
    left_out: number;
    classes: ScoreClassSeen[];
    curve: { score: number; chance: number }[];
  }

  interface SweepStep {
    edge: number;
    kept: number;
    judged: number;
    share: number | null;
    low: number;
    high: number;
    on_ladder: boolean;
    certified: boolean;
    least_right: number | null;
  }

  interface Sweep {
    sample: number;
    label: string | null; // null: of all
    target: number;
    steps: SweepStep[];
  }

  interface CorrectionHint {
    kind: "relabelled" | "raise_threshold" | "lower_threshold";
    label: string;
    other: string;
    objects: number;
    spoilt: number;
    threshold: number | null;
  }

  interface Arm {
    share: number; // of new tasks; 0: none
    drawn: number;
    without: number;
    waiting: number[]; // tasks
    timed_with: number;
    timed_without: number;
    least: number; // of each, from which on times are compared
    seconds_with: number | null;
    seconds_without: number | null;
    ratio: number | null;
    low: number | null;
    high: number | null;
    minutes_saved: number | null;
  }

  interface Labour {
    total: number;
    accepted_objects: number;
    actions_per_object: number | null;
    arm: Arm;
  }

  interface TrustStatus {
    labour: Labour;
    hints: CorrectionHint[];
    samples: Sample[];
    certificates: CertificateSummary[];
    labels: LabelTrust[];
    sweeps: Sweep[];
  }

  interface Addable {
    tasks: number;
    objects: number;
    examples: { task: number; label: string; score: number | null; box: Box }[];
  }

  interface ExportPreview {
    images: number;
    outlines: boolean;
    counted: number;
    objects: Record<string, number>;
    splits: Record<string, { images: number; videos: number; objects: Record<string, number> }>;
    strips?: { video: string; parts: { split: string; frames: number; start: number; end: number }[] }[];
    left_out?: { reason: string; count: number; tasks: number[] }[];
    gap?: number;
    refused?: { code: string; message: string; hint: string } | null;
  }

  interface Upload {
    id: string;
    name: string;
    purpose: "frames" | "labels";
    modified: string;
    size: number; // bytes
    received: number;
    state: "receiving" | "queued" | "running" | "done" | "failed" | "cancelled";
    on_disk: boolean;
    progress: number;
    frames: number;
    imported: number;
    skipped: number;
    tasks: number[];
    lost: string[];
    error: { message: string; hint: string } | null;
    finished_at: string | null;
  }
  interface UploadLimits {
    max_bytes: number;
    max_frames: number;
    keeps_files: boolean;
  }

  interface Export {
    id: number;
    project: number;
    format: "coco" | "yolo";
    source: string;
    state: "queued" | "running" | "done" | "failed" | "cancelled";
    created_at: string;
    bytes: number;
    total: number | null;
    written: number;
    splits: Record<string, number> | null;
    masks: boolean;
    images: boolean;
    version: number | null;
    report: ExportReport | null;
    error: { message: string; hint: string | null } | null;
  }
  interface ExportReport {
    images: number;
    objects: number;
    skipped: { count: number; reason: string }[];
    leaks: LeakReport | null;
  }
  interface LeakReport {
    checked: number;
    leaking: number;
    gap: number;
    cosine: number;
    without_vector: number;
    worst: LeakPair[];
  }
  interface LeakPair {
    task: number;
    shown: number | null;
    split: string;
    file_name: string;
    seconds: number | null;
    cosine: number | null;
    leaks: boolean;
  }
  interface Figures {
    objects: number;
    ap50: number | null;
    ap: number | null;
    ar: number | null;
  }
  interface Interval {
    low: number;
    high: number;
  }
  interface Confusion {
    labels: string[];
    rows: number[][];
  }
  interface Calibration {
    bins: { low: number; high: number; detections: number; right: number; share: number | null }[];
  }
  interface JudgedBox {
    task: number;
    label: string;
    annotated: string | null;
    score: number | null;
    box: number[];
  }
  interface JudgedList {
    count: number;
    tasks: number[];
    boxes: JudgedBox[];
  }
  interface ModelFigures extends Figures {
    model_version: string;
    without_prediction: number;
    without_score: number;
    ap50_interval: Interval | null;
    labels: (Figures & { label: string })[];
    sizes: (Figures & { size: string })[];
    shapes: Figures | null;
    confusion: Confusion;
    calibration: Calibration;
    false_positives: JudgedList;
    misses: JudgedList;
    confusions: JudgedList;
  }
  interface Evaluation {
    on: string;
    division: string;
    images: number;
    locked: number;
    min_score: number;
    accepted: number;
    resampling: { over: "videos" | "blocks"; units: number; resamples: number; seed: number } | null;
    model: ModelFigures;
    against: ModelFigures | null;
    difference: Interval | null;
    model_versions: Record<string, number>;
    skipped: { count: number; reason: string }[];
  }
  interface EvaluationJob {
    id: number;
    on: string;
    model_version: string;
    state: "queued" | "running" | "done" | "failed" | "cancelled";
    read: number;
    total: number;
    error: { message: string; hint: string } | null;
    finished_at: string | null;
  }
  interface EvaluationResult extends EvaluationJob {
    result: Evaluation | null;
  }
  interface Version {
    version: number;
    note: string;
    made_at: string;
    made_by: string;
    images: number;
    objects: Record<string, number>;
    splits: Record<string, number>;
    locked: number;
    export: number | null;
  }
  interface LabelImport {
    id: number;
    taken: "annotations" | "predictions";
    model_version: string;
    name: string;
    state: "running" | "done" | "failed" | "undone";
    error: { message: string } | null;
    imported_by: string;
    created_at: string;
    tasks: number;
    objects: number;
    images: number;
    withdrawn_at: string | null;
  }
  interface LabelImportJob {
    id: number;
    name: string;
    taken: "annotations" | "predictions";
    model_version: string;
    images: boolean;
    planned: boolean;
    state: "planning" | "planned" | "queued" | "running" | "done" | "failed" | "cancelled" | "undoing" | "undone";
    done: number;
    total: number;
    import_id: number | null;
    missed: number;
    error: { message: string; hint: string } | null;
    asked_by: string;
    created_at: string;
    finished_at: string | null;
  }
  interface Told {
    reason: string;
    count: number;
    examples: string[];
  }
  interface LabelImportPlan {
    format: "coco" | "yolo" | "label-studio";
    images: number;
    matched: Record<string, number>;
    new_images: number;
    tasks: number;
    objects: Record<string, number>;
    there_already: number;
    splits: Record<string, number>;
    left_alone: Told[];
    lacking: Record<string, number>;
    losses: Told[];
    problems: { file: string; entry: string; reason: string }[];
    problem_count: number;
  }
  interface LabelImportUndone {
    undone: number;
    left: { task: number; reason: string }[];
  }
  interface ObjectChange {
    kind: "added" | "removed" | "moved" | "relabelled";
    label: string;
    was_label: string | null;
    box: number[] | null;
    was_box: number[] | null;
  }
  interface ImageChange {
    task: number;
    file_name: string;
    kind: "added" | "removed" | "changed";
    split: string | null;
    was_split: string | null;
    other_file: boolean;
    objects: ObjectChange[];
  }
  interface VersionDiff {
    before: number;
    after: number;
    added: number;
    removed: number;
    changed: number;
    moved: number;
    same: number;
    objects_before: Record<string, number>;
    objects_after: Record<string, number>;
    images: ImageChange[];
    next_task: number | null;
  }

  interface ProjectStatus {
    id: number;
    title: string;
    connected: boolean;
    missing_since: string | null;
    embedded: number;
    seen: number;
    waiting: number;
    fetched: number;
    failed: number;
    oldest_waiting_seconds: number;
    warnings: string[];
  }

  interface Failure {
    project: number | null;
    run: number | null;
    task: number | null;
    message: string;
    code: string;
    hint: string | null;
    at: string;
  }

  interface Status {
    projects: ProjectStatus[];
    roles: Record<string, number>;
    queues: { name: string; waiting: number; failed: number }[];
    workers: { role: string; host: string; state: string; done: number; since: string | null }[];
    errors: Failure[];
    search_model: Record<string, string | number> | null;
  }

  interface Finding {
    name: string;
    state: "ok" | "problem" | "unknown";
    detail: string;
    fix: string;
  }

  interface AuditEntry {
    at: string;
    who: string;
    verified: boolean;
    address: string | null;
    action: string;
    object: string | null;
    project: number | null;
    outcome: string;
  }

  interface ConnectPlan {
    project_id: number;
    title: string;
    labels: string[];
    created: string[];
    changed: string[];
    kept: string[];
    notes: string[];
    warnings: string[];
  }

  // An error of the API, as RFC 9457 has it.
  interface ProblemBody {
    code?: string;
    detail?: string;
    hint?: string;
    details?: { header?: string; retry_after?: number; samples?: number[]; waiting?: number };
  }
}

type Params = Record<string, string>; // the address
type Attributes = Record<string, unknown>;

// What can be put into an element; what says nothing is left out.
type Child = Node | string | number | null | undefined | false | Child[];

type Handlers<E> = {
  [K in keyof HTMLElementEventMap as `on${K}`]?: (event: HTMLElementEventMap[K] & { readonly currentTarget: E }) => unknown;
};
interface Properties<E> extends Handlers<E> {
  [name: string]: any;
}

interface ScreenContext {
  root: HTMLElement; // empty, and the screen's own
  project: Api.Project;
  selection: import("../../search_service/web/js/selection.js").Selection;
  params: Params;
  signal: AbortSignal; // aborted when the screen closes
}
interface OpenedScreen {
  update?(params: Params): unknown; // the address changed within the screen; without it the screen is opened anew
}

// What is searched for.
interface Ask {
  text: string;
  of: "" | "objects"; // what is searched: whole images, or objects
  browse: "" | "time" | "varied" | "rare" | "clusters" | `cluster-${number}`; // how images are looked at while nothing is asked
  like: Api.Example[];
  unlike: Api.Example[];
  filters: Record<string, string>;
  file: DroppedImage | null;
}
interface DroppedImage {
  name: string;
  data: string; // base64
  url: string;
}

// What the review screen shares with its parts.
type BandTab = Api.Band | "check_first" | "to_fix" | "all";
interface ReviewDesk {
  readonly project: Api.Project;
  readonly signal: AbortSignal;
  readonly band: BandTab | null; // null until it is known which have something
  readonly label: string | null;
  readonly status: Api.ReviewStatus;
  readonly grid: import("../../search_service/web/js/review/grid.js").CropGrid;
  readonly cards: Pick<import("../../search_service/web/js/review/grid.js").CropGrid, "all" | "ofTask" | "remove" | "loadMore">;
  readonly accepting: import("../../search_service/web/js/review/accepting.js").Accepting;
  readonly history: import("../../search_service/web/js/review/history.js").HistoryPanel;
  readonly done: HTMLElement; // the line that tells what was done
  readonly working: HTMLProgressElement;
  post<Answer = any>(path: string, json: unknown): Promise<Answer>;
  reload(): Promise<unknown>; // the counts
  refresh(): Promise<unknown>; // the counts and the objects
}
