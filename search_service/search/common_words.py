"""Words for what footage of a workplace often shows: those that are likely are suggested for a cluster of images."""

COMMON_WORDS = (
    "person", "hand", "glove", "helmet", "safety vest", "tool", "screwdriver", "screw", "bolt", "nut", "washer",
    "spring", "gear", "bearing", "cable", "wire", "connector", "circuit board", "chip", "capacitor", "battery",
    "fan", "motor", "hard disk", "memory module", "display", "keyboard", "lens", "bottle", "can", "cap", "label",
    "barcode", "box", "pallet", "crate", "bag", "tray", "conveyor belt", "robot arm", "forklift", "truck", "car",
    "pipe", "valve", "plate", "scratch", "crack", "dent", "rust", "stain", "empty conveyor belt")
