// Runs the long tests for hours, with at least ten times the test counts in .ci/run and different random numbers each
// time. It is started manually. Environment variables that are already set keep their values.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const COUNTS = {
  TRAVEL_JUMPS: 10_000,
  BLKREPLAY_GDB_PLACES: 2000,
  BLKREPLAY_WALK_STEPS: 10_000,
  BLKREPLAY_LOOKS: 100_000,
  BLKREPLAY_STARTS: 2000,
  BLKREPLAY_FAULTS: 250,
  BLKREPLAY_CUTS: 240_000,
  BLKREPLAY_BOARD_ACCESSES: 2_000_000,
  // The rounds for each of 35 files: 210,000 damaged files are tested in total.
  BLKREPLAY_FUZZ_ROUNDS: 6000,
  BLKREPLAY_LANGUAGE_PROGRAMS: 100,
  BLKREPLAY_LANGUAGE_HITS: 3,
  BLKREPLAY_STOP_PROGRAMS: 500,
  FUZZ_ROUNDS: 2_000_000,
};

const runner = fileURLToPath(new URL('test.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [runner, 'long'], {
  env: { ...COUNTS, ...process.env },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
