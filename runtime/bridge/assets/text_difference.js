// Which lines of two texts differ.

const MOST_CELLS = 250_000; // of the table that is compared

const pretty = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

/** The longest common subsequence of two lists of lines, as sets of indices. */
function common(left, right) {
  const width = right.length + 1;
  const lengths = new Uint16Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      const same = left[i] === right[j];
      lengths[i * width + j] = same ? lengths[(i + 1) * width + j + 1] + 1 : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const found = [new Set(), new Set()];
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    if (left[i] === right[j]) {
      found[0].add(i);
      found[1].add(j);
      i += 1;
      j += 1;
    } else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return found;
}

/** Both texts as lines {text, differs}. JSON is compared in its indented form. */
export function lineDifference(leftText, rightText) {
  const [left, right] = [leftText, rightText].map((text) => pretty(text).split("\n"));
  const isSmall = left.length * right.length <= MOST_CELLS && left.length < 60_000 && right.length < 60_000;
  const [inLeft, inRight] = isSmall ? common(left, right) : [new Set(), new Set()];
  const other = [new Set(right), new Set(left)];
  const mark = (lines, same, others) => lines.map((text, at) => ({ text, differs: isSmall ? !same.has(at) : !others.has(text) }));
  return [mark(left, inLeft, other[0]), mark(right, inRight, other[1])];
}
