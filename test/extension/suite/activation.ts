import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import * as vscode from 'vscode';
import { notes } from './notes.ts';

/** Wanted on a machine that is not busy. A busy one takes a few times as long, a slow start costs seconds. */
const WANTED_MS = 50;
const FAILURE_MS = 1000;

export function activation(): void {
  suite('activation', () => {
    test('costs milliseconds, and nothing before the first use', async () => {
      const extension = vscode.extensions.getExtension('blkreplay.blkreplay');
      assert.ok(extension);
      assert.equal(extension.isActive, false, 'a window without our sessions does not load it');
      const start = performance.now();
      await extension.activate();
      const tookMs = performance.now() - start;
      notes.push(`activation: ${tookMs.toFixed(1)} ms (wanted: under ${WANTED_MS} ms)`);
      assert.ok(tookMs < FAILURE_MS, `${tookMs} ms`);
    });

    test('registers every command of the manifest', async () => {
      const { packageJSON } = vscode.extensions.getExtension('blkreplay.blkreplay')!;
      const known = await vscode.commands.getCommands(true);
      const missing = packageJSON.contributes.commands.filter(
        ({ command }: { command: string }) => !known.includes(command),
      );
      assert.deepEqual(missing, []);
    });
  });
}
