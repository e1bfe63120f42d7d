// Numbers and times as text. What is unknown is a dash.

const DASH = "–";
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

const known = (value) => value !== null && value !== undefined;

/** A whole number with separators. */
export const count = (value) => (known(value) ? whole.format(value) : DASH);

/** A rate a second: small ones with a decimal place. */
export function rate(value) {
  if (!known(value)) return DASH;
  return value > 0 && value < 10 ? value.toFixed(1) : whole.format(value);
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** A number of bytes, in units of 1,000. */
export function bytes(value) {
  if (!known(value)) return DASH;
  let unit = 0;
  let number = value;
  while (Math.abs(number) >= 1000 && unit < UNITS.length - 1) {
    number /= 1000;
    unit += 1;
  }
  const places = unit === 0 || Math.abs(number) >= 100 ? 0 : 1;
  return `${number.toFixed(places)} ${UNITS[unit]}`;
}

/** A duration in microseconds. */
export function micros(value) {
  if (!known(value)) return DASH;
  const size = Math.abs(value);
  if (size < 10) return `${value.toFixed(1)} µs`;
  if (size < 1e3) return `${value.toFixed(0)} µs`;
  if (size < 1e4) return `${(value / 1e3).toFixed(2)} ms`;
  if (size < 1e6) return `${(value / 1e3).toFixed(0)} ms`;
  return `${(value / 1e6).toFixed(2)} s`;
}

/** A duration in microseconds without decimal places, for an axis. */
export function roundMicros(value) {
  if (value < 1e3) return `${Number(value.toPrecision(3))} µs`;
  if (value < 1e6) return `${Number((value / 1e3).toPrecision(3))} ms`;
  return `${Number((value / 1e6).toPrecision(3))} s`;
}

/** A time span in milliseconds, roughly. */
export function age(ms) {
  if (!known(ms)) return DASH;
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 100 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

/** Time of day in UTC. */
export const time = (ms) => (known(ms) ? new Date(ms).toISOString().slice(11, 19) : DASH);

/** Date and time of day in UTC. */
export const dateTime = (ms) => (known(ms) ? new Date(ms).toISOString().replace("T", " ").slice(0, 19) : DASH);

/** A text, or a dash. */
export const text = (value) => (known(value) && value !== "" ? String(value) : DASH);
