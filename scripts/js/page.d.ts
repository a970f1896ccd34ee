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
    label_studio: string;
    missing_since: string | null;
    bands: Edges;
    sync: { embedded: number; seen: number; failed: number };
  }

  interface Hit {
    task: number;
    similarity: number;
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
    exact: boolean;
    waiting: number;
    unread: string[] | null;
    nothing_found: boolean | null;
  }

  interface Example {
    task: number;
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
    label: string;
    score: number | null;
    box: Box;
    mask: string | null;
    rings: number[][][];
    shade?: HTMLCanvasElement;
  }

  interface TaskDetails {
    label_studio: string;
    notes: { key: string; reason: string }[];
    annotations: { cancelled: boolean; updated_at: string | null; objects: Region[] }[];
    predictions: { current: boolean; score: number | null; model_version: string; objects: Region[] }[];
  }

  interface Concept {
    label: string;
    prompts: string[];
    threshold: number;
  }

  interface Recipe {
    keep_threshold: number;
    concepts: (Concept & { config: { prompts: string[]; threshold: number } })[];
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
    set_aside: number;
    last_hour: number;
    accepted: number;
    checked: number;
    fixed: number;
    skipped: number;
    unscored: number;
    outdated: number;
    added: number;
    edges: Edges;
    bands: Record<Band, number>;
    regions: Record<Band, number>;
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
    verdict: string;
  }

  interface AcceptPlan {
    tasks: number;
    regions: number;
    set_aside: number;
  }

  interface AcceptReport {
    accepted_tasks: number;
    accepted_regions: number;
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
    created_at: string;
    selection: {
      task_ids?: number[];
      nothing_found?: boolean;
      additions?: boolean;
      min_score: number;
      max_score?: number | null;
    };
  }

  interface Addable {
    tasks: number;
    regions: number;
    examples: { task: number; label: string; score: number | null; box: Box }[];
  }

  interface ExportPreview {
    images: number;
    counted: number;
    objects: Record<string, number>;
    splits: Record<string, { images: number; videos: number; objects: Record<string, number> }>;
    strips?: { video: string; parts: { split: string; frames: number; start: number; end: number }[] }[];
    left_out?: { reason: string; count: number; tasks: number[] }[];
    gap?: number;
    refused?: { code: string; message: string; hint: string } | null;
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
    report: { images: number; objects: number; skipped: { count: number; reason: string }[] } | null;
    error: { message: string; hint: string | null } | null;
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
    details?: { header?: string };
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
type BandTab = Api.Band | "to_fix";
interface ReviewDesk {
  readonly project: Api.Project;
  readonly band: BandTab | null; // null until it is known which have something
  readonly label: string | null;
  readonly status: Api.ReviewStatus;
  readonly grid: import("../../search_service/web/js/review/grid.js").CropGrid;
  readonly history: import("../../search_service/web/js/review/history.js").HistoryPanel;
  readonly done: HTMLElement; // the line that tells what was done
  readonly working: HTMLProgressElement;
  post<Answer = any>(path: string, json: unknown): Promise<Answer>;
  reload(): Promise<unknown>; // the counts
  refresh(): Promise<unknown>; // the counts and the objects
}
