/** Seconds as a person says them: "2.2 µs", "0.42 s", "61 min 53 s", "3 h 12 min", "4.2 days", "1,200 years". */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return "unknown";
  if (seconds > 0 && seconds < 0.01) {
    const [unit, scale] = seconds < 1e-6
      ? ["ns", 1e9] as const
      : seconds < 1e-3
      ? ["µs", 1e6] as const
      : ["ms", 1e3] as const;
    return `${Number((seconds * scale).toPrecision(2))} ${unit}`;
  }
  if (seconds < 1) return `${seconds.toPrecision(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 7200) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 48 * 3600) return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
  const days = seconds / 86400;
  return days < 10_000 ? `${formatNumber(days, 1)} days` : `${formatNumber(days / 365.25, 0)} years`;
}

/** How long something goes on, from a forecast that is no exacter than a second: "3.0 s left", "under 1 s left". */
export function formatTimeLeft(seconds: number): string {
  return `${seconds < 1 ? "under 1 s" : formatSeconds(seconds)} left`;
}

const byteUnits = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];

/** Bytes in decimal units with three digits: "4.66 MB". */
export function formatBytes(bytes: number): string {
  let power = 0;
  while (Math.abs(bytes) >= 999.5 && power < byteUnits.length - 1) {
    bytes /= 1000;
    power++;
  }
  return power === 0 ? `${bytes} bytes` : `${bytes.toPrecision(3)} ${byteUnits[power]}`;
}

/** A number with thousands separated and at most `digits` decimals. */
export function formatNumber(value: number | bigint, digits = 2): string {
  // Not Intl.NumberFormat: making one takes longer than the rest of a small task's report.
  if (typeof value === "number" && !(Math.abs(value) < 1e21)) return String(value);
  const [whole, decimals] = (typeof value === "bigint" ? String(value) : String(Number(value.toFixed(digits)))).split(
    ".",
  );
  const separated = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals === undefined ? separated : `${separated}.${decimals}`;
}

/** An amount with its unit; bytes are scaled. */
export function formatAmount(amount: number, unit: string): string {
  return unit === "bytes" ? formatBytes(Math.round(amount)) : `${formatNumber(amount, amount < 10 ? 1 : 0)} ${unit}`;
}
