// Generates docs/guests.md: `node scripts/guests/main.ts FOLDER [--only NAME,...] [--long]`, after `npm run build`.
//
// FOLDER contains guests built elsewhere, under the names in guestList.ts. Each guest runs under QEMU (if installed)
// and under blkreplay. The results are stored in FOLDER/results.json, so that a part of the table can be updated: the
// rows of guests that are not run this time remain unchanged.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { filesOf } from './commandLines.ts';
import type { Guest, GuestResult } from './guest.ts';
import { GUESTS, LEFT_OUT } from './guestList.ts';
import { runUnderBlkreplay, runUnderQemu } from './guestRun.ts';
import { guestsDocument } from './table.ts';

const { values, positionals } = parseArgs({
  options: { only: { type: 'string' }, long: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [folder] = positionals;
if (!folder) {
  console.error('Usage: node scripts/guests/main.ts FOLDER [--only NAME,...] [--long]');
  process.exit(2);
}
const only = values.only?.split(',');
const resultsFile = path.join(folder, 'results.json');

for (const guest of GUESTS.filter(isWanted)) {
  const absent = filesOf(guest).filter((name) => !existsSync(path.join(folder, name)));
  if (absent.length > 0) {
    console.log(`${guest.name}: left out, because ${absent.join(' and ')} does not exist`);
    continue;
  }
  const result = { qemu: await runUnderQemu(guest, folder), ours: await runUnderBlkreplay(guest, folder) };
  console.log(`${guest.name}: ${JSON.stringify(result)}`);
  saveResult(guest.name, result);
}
const document = path.resolve(import.meta.dirname, '../../docs/guests.md');
mkdirSync(path.dirname(document), { recursive: true });
writeFileSync(document, guestsDocument(GUESTS, readResults(), LEFT_OUT));

function isWanted({ name, isLong }: Guest): boolean {
  return only ? only.includes(name) : !isLong || values.long;
}

function readResults(): Record<string, GuestResult> {
  return existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')) : {};
}

/** Reads the file again before writing it, because another process may have added rows. */
function saveResult(name: string, result: GuestResult): void {
  writeFileSync(resultsFile, `${JSON.stringify({ ...readResults(), [name]: result }, null, 2)}\n`);
}
