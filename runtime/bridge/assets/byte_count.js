// Sizes in bytes, human-readable.

const UNITS = ["B", "KiB", "MiB", "GiB"];

/** `512 B`, `4.0 KiB`, `12 MiB`. */
export function bytes(number) {
  let unit = 0;
  let value = number ?? 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit && value < 10 ? value.toFixed(1) : value.toFixed(0)} ${UNITS[unit]}`;
}
