// The main job in one go: records the demo guest onto an overlay over a fresh disk, replays it, and says what happened.
// Everything it makes is in .blkreplay/demo/.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

const FOLDER = '.blkreplay/demo';
const DISK_BYTES = 4 * 1024 * 1024;
const IMAGE = `${FOLDER}/disk.img`;
const OPTIONS = [
  ...['--kernel', 'test/guests/demo/demo.elf'],
  ...['--drive', `id=hd0,image=${IMAGE},format=raw,overlay=${FOLDER}/hd0.qcow2`],
  ...['--rrfile', `${FOLDER}/demo.rr`, '--json'],
];

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
writeFileSync(IMAGE, new Uint8Array(DISK_BYTES));
const imageBefore = hash(IMAGE);

const recorded = blkreplay('record');
console.log(recorded.console.trimEnd().replaceAll(/^/gm, '  | '));
tell('Recorded', recorded);
const replayed = blkreplay('replay');
tell('Replayed', replayed);

console.log();
const checks = [
  ['the replay printed the same console', recorded.console === replayed.console],
  ['it ended at the same position', recorded.position === replayed.position],
  [`its state is the same, bit for bit (digest ${replayed.digest})`, recorded.digest === replayed.digest],
  ['the disk image is untouched: all writes are in the overlay', imageBefore === hash(IMAGE)],
];
for (const [what, holds] of checks) console.log(`${holds ? 'yes' : 'NO '}  ${what}`);
console.log(`\nThe overlay ${FOLDER}/hd0.qcow2 keeps the disk and these snapshots of the whole machine:`);
for (const { name, position } of recorded.snapshots) console.log(`  ${name} at position ${position}`);
console.log(`\nTry: node dist/cli.js replay ${OPTIONS.slice(0, -1).join(' ')} --stop-at 40_000_000`);
process.exitCode = checks.every(([, holds]) => holds) ? 0 : 1;

function blkreplay(command) {
  console.log(`$ node dist/cli.js ${[command, ...OPTIONS.slice(0, -1)].join(' ')}`);
  const { stdout, stderr, status } = spawnSync(process.execPath, ['dist/cli.js', command, ...OPTIONS], {
    encoding: 'utf8',
  });
  const lines = stderr.trimEnd().split('\n');
  // The demo's guest reports failure: that is status 1. Anything above is ours.
  if (status === null || status > 1) {
    console.error(stderr);
    process.exit(status ?? 70);
  }
  return { console: stdout, ...JSON.parse(lines.at(-1)) };
}

function tell(what, { position, seconds, mips, guestExit }) {
  const steps = position.toLocaleString('en');
  console.log(`${what} ${steps} steps in ${seconds} s (${mips} MIPS); the guest reported failure, code ${guestExit}.`);
}

function hash(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
