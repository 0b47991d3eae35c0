/** In VS Code, a long reverse run with a condition set in the editor shows its progress and can be canceled. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openSample } from './scenario.ts';

/** A guest that computes until it is stopped. `line` is its hottest line. */
const ENDLESS = { name: 'Endless', kernel: 'endless/endless.elf', file: 'endless.c', line: 13 };

test('with a breakpoint whose condition is always false, Reverse shows its progress, and Cancel stops it', async (t) => {
  const { workbench, folder } = await openSample(t);
  addConfiguration(folder);
  await workbench.editor.open(ENDLESS.file);
  await workbench.debugging.startConfiguration(ENDLESS.name);
  await workbench.until('it computes', async () => /round \d{3,}:/.test(await workbench.terminal.text()));
  await workbench.debugging.press('Pause');
  await workbench.until('it is stopped', () => workbench.debugging.isStopped());
  await workbench.editor.open(ENDLESS.file);
  await workbench.editor.conditionalBreakpoint(ENDLESS.line, '(double)seed == 0.5');
  await workbench.screenshot('progress-1-condition');
  const before = await workbench.debugging.positionText();

  await workbench.debugging.press('Reverse');
  await workbench.until('the progress is shown', async () => /Running backward/.test(await workbench.progress()));
  await workbench.screenshot('progress-2-running');
  await workbench.cancelProgress();
  await workbench.until('it is stopped again', () => workbench.debugging.isStopped());
  await workbench.screenshot('progress-3-canceled');
  assert.equal(/Running backward/.test(await workbench.progress().catch(() => '')), false);
  assert.notEqual(before, '');
  await workbench.debugging.stop();
});

function addConfiguration(folder: string): void {
  const file = path.join(folder, '.vscode/launch.json');
  const { name, kernel } = ENDLESS;
  const configuration = {
    type: 'blkreplay',
    request: 'launch',
    name,
    rr: 'record',
    rrfile: '.blkreplay/endless.rr',
    kernel: `\${workspaceFolder}/${kernel}`,
  };
  const text = fs.readFileSync(file, 'utf8').replace(/"configurations": \[/, `$&\n${JSON.stringify(configuration)},`);
  fs.writeFileSync(file, text);
}
