// Runs tests: `node scripts/test.mjs [--one-at-a-time] [--oldest-vscode] [tier or file...]`. The default is the tier
// `quick`; scripts/testFiles.ts lists the tiers. Each file runs in its own process, except that the files of the tier
// `quick` share processes (scripts/testGroups.ts). `--oldest-vscode` selects the oldest version of VS Code that
// package.json supports. Prints each test when it ends, and 'N passed, N failed[, N skipped]' as the last line. In CI
// (environment variable CI), a skipped test counts as a failure, because all tools that tests may need are installed
// there.
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { OLDEST_VERSION } from '../test/vscode/install.ts';
import { runsInOldestVsCode, TIERS } from './testFiles.ts';
import { groupTests } from './testGroups.ts';

const { values: options, positionals } = parseArgs({
  options: {
    'one-at-a-time': { type: 'boolean', default: false },
    'oldest-vscode': { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const isOldest = options['oldest-vscode'];
if (isOldest) process.env.VSCODE_SERVER_VERSION = OLDEST_VERSION;
const wanted = positionals.length > 0 ? positionals : ['quick'];
const tier = (name) => TIERS[name]?.().filter((file) => !isOldest || runsInOldestVsCode(file));
const files = wanted.flatMap((name) => (name === 'quick' ? groupTests(tier(name)) : (tier(name) ?? name)));
const concurrency = options['one-at-a-time'] ? 1 : Math.max(1, availableParallelism());
const execArgv = [
  // V8 counts the address space of each machine, 218 MiB, as used memory. By default, it would collect garbage for each
  // new machine; with these options, it does so for every ninth one.
  '--external-memory-accounted-in-global-limit',
  '--initial-old-space-size=2000',
  // Tests create many short-lived objects.
  '--min-semi-space-size=16',
];
// The tests, and the programs started by them, load compiled sources from a cache. Tests in VS Code do not, because
// they measure how long the extension takes to start.
if (!wanted.some((name) => name === 'vscode' || name === 'ui')) {
  process.env.NODE_COMPILE_CACHE = path.resolve('node_modules/.cache/blkreplay-tests');
}
const count = { passed: 0, failed: 0, skipped: 0 };
const skipped = [];

const stream = run({ files, concurrency, execArgv });
stream.on('test:pass', (event) => {
  if (event.details?.type === 'suite') return;
  // Node reports a file without tests as a test with the file's name; such a file is counted as one test.
  if (event.skip !== undefined) {
    count.skipped++;
    skipped.push(`${event.name}: ${event.skip || 'no reason given'}`);
  } else if (event.todo === undefined) count.passed++;
});
stream.on('test:fail', (event) => {
  if (event.details?.type !== 'suite') count.failed++;
});
const report = stream.compose(new spec());
report.pipe(process.stdout);
// The stream of events may end long before the report has been written.
report.on('end', () => setImmediate(finish));

function finish() {
  for (const line of skipped) console.log(`skipped ${line}`);
  if (process.env.CI) {
    count.failed += count.skipped;
    count.skipped = 0;
  }
  const tail = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
  console.log(`${count.passed} passed, ${count.failed} failed${tail}`);
  process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;
}
