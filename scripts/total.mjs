// Runs npm scripts one after the other and shows their output: `node scripts/total.mjs test test:long`. The last line
// contains the sums of the counts in the scripts' last lines ('N passed, N failed'). A script whose last line is
// different counts as a failure.
import { spawn } from 'node:child_process';

const CLOSING_LINE = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;

const total = { passed: 0, failed: 0, skipped: 0 };
for (const script of process.argv.slice(2)) {
  const { lastLine, status } = await run(script);
  const counts = CLOSING_LINE.exec(lastLine);
  const [passed, failed, skipped] = (counts?.slice(1) ?? [0, 1, 0]).map((count) => Number(count ?? 0));
  if (!counts) console.log(`npm run ${script} ended with status ${status} and without its closing line`);
  total.passed += passed;
  total.failed += status !== 0 && failed === 0 ? 1 : failed;
  total.skipped += skipped;
}
const tail = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${tail}`);
process.exitCode = total.failed > 0 ? 1 : 0;

function run(script) {
  const child = spawn('npm', ['run', '--silent', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    output = (output + text).slice(-1000);
  });
  return new Promise((resolve) => {
    child.once('close', (status) => resolve({ status, lastLine: output.trimEnd().split('\n').at(-1) }));
  });
}
