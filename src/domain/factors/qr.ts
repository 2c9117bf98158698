import qrcode from 'qrcode';

/** A QR code as a drawing of `size` by `size` squares: `path` is an SVG path of the dark ones, without a margin. */
export type Qr = { size: number; path: string };

/** With medium error correction. */
export function qrOf(text: string): Qr {
  const { modules: { size, data } } = qrcode.create(text, { errorCorrectionLevel: 'M' });
  const rows = Array.from({ length: size }, (_, y) => Array.from(data.subarray(y * size, (y + 1) * size), (dark) => (dark ? '#' : ' ')).join(''));
  const runs = rows.flatMap((row, y) => [...row.matchAll(/#+/g)].map((run) => `M${run.index} ${y}h${run[0].length}v1h-${run[0].length}z`));
  return { size, path: runs.join('') };
}
