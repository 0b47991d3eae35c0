import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** The maximum number of test files in a group. With larger groups, some processors would finish long before others. */
const FILES_MAX = 12;

/**
 * Matches the code of test files that need their own process. They change the state of the process, or contain a hook
 * outside all suites, which would also run for the tests of other files.
 */
const NEEDS_OWN_PROCESS =
  /\bprocess\.(chdir|umask|on|once|env\.\w+ = |env\[\w+\] = )|^(before|beforeEach|afterEach)\(/m;

/**
 * Combines test files into groups, because starting a process for each file would account for a third of the quick
 * tests' run time. The files of a group run in one process, one after the other. Returns the files to run instead: one
 * file for each group, which is written to `folder`, and the test files that need their own process.
 */
export function groupTests(files: readonly string[], folder = 'dist/test-groups'): string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const needsOwnProcess = (file: string) => NEEDS_OWN_PROCESS.test(readFileSync(file, 'utf8'));
  const shared = files.filter((file) => !needsOwnProcess(file));
  // The engine's groups take only a few seconds each. They run last, so that all processors finish at nearly the same
  // time.
  const isEngine = (room: string) => Number(room.startsWith('engine'));
  const rooms = [...new Set(shared.map(roomOf))].sort((a, b) => isEngine(a) - isEngine(b));
  const groups = rooms.flatMap((room) =>
    divided(shared.filter((file) => roomOf(file) === room)).map((group, i) =>
      writeGroup(path.join(folder, `${room}-${i + 1}.test.mjs`), group),
    ),
  );
  return [...groups, ...files.filter(needsOwnProcess)];
}

/** For example, `engine-machine` for `test/engine/machine/cpu/mmu.test.ts`. Files in a room load the same modules. */
const roomOf = (file: string): string => path.dirname(file).split('/').slice(1, 3).join('-');

/** Divides files into groups of nearly equal size. Adjacent files, which take similar times, go to different groups. */
function divided(files: readonly string[]): string[][] {
  const count = Math.ceil(files.length / FILES_MAX);
  return Array.from({ length: count }, (_, group) => files.filter((_file, i) => i % count === group));
}

/** Writes a file that loads the test files. */
function writeGroup(name: string, files: readonly string[]): string {
  const [loader, ...urls] = ['scripts/loadTests.mjs', ...files].map((file) => pathToFileURL(file).href);
  writeFileSync(
    name,
    `import { loadTests } from ${JSON.stringify(loader)};\nawait loadTests(${JSON.stringify(urls, null, 2)});\n`,
  );
  return name;
}
