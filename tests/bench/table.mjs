// What the benchmarks share: medians and a table on standard output.

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length % 2 ? sorted[sorted.length >> 1] : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
};

export const range = (values, digits = 1) =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;

export function printTable(title, head, rows) {
  const width = head.map((_, i) => Math.max(...[head, ...rows].map((row) => String(row[i]).length)));
  const line = (row) => row.map((cell, i) => String(cell).padEnd(width[i])).join('  ').trimEnd();
  console.log([title, line(head), width.map((w) => '-'.repeat(w)).join('  '), ...rows.map(line)].join('\n'));
}
