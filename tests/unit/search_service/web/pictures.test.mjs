import assert from "node:assert/strict";
import test from "node:test";

import { inkOn } from "../../../../search_service/web/js/pictures.js";

/** @param {string} paint */
const luminance = (paint) => {
  const long = paint.length === 4 ? [...paint.slice(1)].map((one) => one + one).join("") : paint.slice(1);
  const [red, green, blue] = [0, 2, 4].map((at) => {
    const part = parseInt(long.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

test("a label's name can be read on every colour, as WCAG asks of small text", () => {
  for (let number = 0; number < 2 ** 24; number += 4099) {
    const paint = `#${number.toString(16).padStart(6, "0")}`;
    const [light, dark] = [luminance(paint), luminance(inkOn(paint))].sort((a, b) => b - a);
    assert.ok((light + 0.05) / (dark + 0.05) >= 4.5, paint);
  }
});
