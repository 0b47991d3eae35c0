/** PNG files and animations contain the original pixels, and VS Code can load all images on the extension's page. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { packageReadme } from '../../scripts/docs/packageReadme.ts';
import { decodePng, encodePng, type Image } from '../../scripts/docs/png.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** An image with one color per character. */
function image(...rows: string[]): Image {
  const colors: Record<string, number[]> = { '.': [255, 255, 255], x: [10, 20, 30], o: [250, 250, 253] };
  const rgb = Uint8Array.from([...rows.join('')].flatMap((character) => colors[character]));
  return { width: rows[0].length, height: rows.length, rgb };
}

const chunks = (png: Buffer): { type: string; data: Buffer }[] => {
  const found = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const length = png.readUInt32BE(at);
    found.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
  }
  return found;
};

test('a screenshot is decoded with every kind of filter', () => {
  // Two rows per filter, of two RGB pixels each; the expected values follow from the specification's formulas.
  const rows = [
    [0, 10, 20, 30, 40, 50, 60],
    [1, 1, 2, 3, 10, 10, 10],
    [2, 5, 5, 5, 5, 5, 5],
    [3, 0, 0, 0, 0, 0, 0],
    [4, 1, 1, 1, 1, 1, 1],
  ];
  const plain = encodePng([{ image: image('..'), milliseconds: 0 }]);
  const header = Buffer.from(chunks(plain)[0].data);
  header.writeUInt32BE(rows.length, 4);
  header[9] = 2;
  const bytes = [header, deflateSync(Buffer.from(rows.flat()))];
  const png = Buffer.concat([
    plain.subarray(0, 8),
    ...['IHDR', 'IDAT'].map((type, i) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes[i].length);
      return Buffer.concat([length, Buffer.from(type), bytes[i], Buffer.alloc(4)]);
    }),
  ]);
  assert.deepEqual(
    [...decodePng(png).rgb],
    [
      ...[10, 20, 30, 40, 50, 60],
      ...[1, 2, 3, 11, 12, 13],
      ...[6, 7, 8, 16, 17, 18],
      ...[3, 3, 4, 9, 10, 11],
      ...[4, 4, 5, 10, 11, 12],
    ],
  );
});

test('frequent colors stay exact, even if they are similar', () => {
  const png = encodePng([{ image: image('..oo', 'xxoo'), milliseconds: 0 }]);
  const palette = chunks(png).find(({ type }) => type === 'PLTE')!.data;
  const colors = [0, 1, 2].map((i) => [...palette.subarray(i * 3, i * 3 + 3)]);
  assert.deepEqual(colors.sort(), [
    [10, 20, 30],
    [250, 250, 253],
    [255, 255, 255],
  ]);
});

test('an animation contains its frames, and each later frame only the changed area', () => {
  const png = encodePng([
    { image: image('....', '....', '....'), milliseconds: 100 },
    { image: image('....', '.xx.', '....'), milliseconds: 200 },
  ]);
  const found = chunks(png);
  assert.deepEqual(
    found.map(({ type }) => type),
    ['IHDR', 'acTL', 'PLTE', 'tRNS', 'fcTL', 'IDAT', 'fcTL', 'fdAT', 'IEND'],
  );
  const second = found[6].data;
  assert.deepEqual(
    [4, 8, 12, 16].map((at) => second.readUInt32BE(at)),
    [2, 1, 1, 1],
    'width, height, left and top of the changed area',
  );
  assert.deepEqual([second.readUInt16BE(20), second.readUInt16BE(22)], [200, 1000]);
});

test("the extension's page has no images and links that VS Code cannot load", () => {
  const text = packageReadme('![A.](media/a.png)\n\n[guide](docs/guide.md#x) [web](https://w.org)');
  assert.match(text, /^> A\. To see it, .*\n\nguide \[web\]\(https:\/\/w\.org\)$/);
  const page = packageReadme(readFileSync(path.join(ROOT, 'README.md'), 'utf8'));
  assert.doesNotMatch(page, /\]\((?!https:)/);
});

test("README's animation is small enough for the page", () => {
  assert.ok(statSync(path.join(ROOT, 'docs/images/demo.png')).size < 600_000);
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  assert.match(readme, /!\[[^\]]+\]\(docs\/images\/demo\.png\)/);
});
