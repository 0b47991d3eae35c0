import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Copies the sample folder (test/guests) for one test, since sessions create recordings and overlays in it. */
const SAMPLE = path.resolve(import.meta.dirname, '../guests');

export interface Sample {
  folder: string;
  remove(): void;
}

export function copySample(): Sample {
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-sample-'));
  const folder = path.join(parent, 'guests');
  fs.cpSync(SAMPLE, folder, { recursive: true, filter: (file) => path.basename(file) !== '.blkreplay' });
  return { folder, remove: () => fs.rmSync(parent, { recursive: true, force: true }) };
}
