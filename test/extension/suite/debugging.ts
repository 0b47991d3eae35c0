import assert from 'node:assert/strict';
import { setup, suite, teardown, test } from 'mocha';
import * as vscode from 'vscode';
import { notes } from './notes.ts';
import { demo, folder, nameOf, TestSession } from './session.ts';

/**
 * Debugs the sample demo with VS Code's own commands, and checks which requests it sends and in which order answers
 * arrive.
 */
export function debugging(): void {
  suite('debugging the demo', () => {
    let session: TestSession;
    setup(() => void (session = new TestSession()));
    teardown(() => session.dispose());

    test('starts, runs to the reported failure, and goes back to a breakpoint and one line further', async () => {
      const statistics = vscode.Uri.joinPath(folder().uri, 'demo', 'statistics.c');
      assert.ok(await session.start(demo()));
      const failure = await session.stopped();
      assert.equal(failure.description, 'The guest reported failure, code 1');
      assertOrder(session, [
        ...['request initialize', 'response initialize', 'request launch', 'event initialized'],
        ...['request configurationDone', 'response configurationDone', 'event stopped'],
      ]);

      const damaged = await session.evaluate('store.superblock.entry_count');
      vscode.debug.addBreakpoints([
        new vscode.SourceBreakpoint(new vscode.Location(statistics, new vscode.Position(17, 0))),
      ]);
      const hit = await session.runUntilStopped('reverseContinue');
      assert.equal(hit.reason, 'breakpoint');
      assertOrder(session, ['request reverseContinue', 'response reverseContinue', 'event stopped']);
      const culprit = await session.topFrame();
      assert.deepEqual([culprit.name, culprit.line], ['statistics_sample', 18]);

      await session.runUntilStopped('stepBack');
      assertOrder(session, ['request stepBack', 'response stepBack', 'event stopped']);
      const before = await session.topFrame();
      assert.equal(before.name, 'statistics_sample');
      assert.ok(before.line < 18, `line ${before.line}`);
      assert.notEqual(await session.evaluate('now_us'), damaged, 'the last tick is not the one that caused the damage');

      const again = await session.runUntilStopped('continue');
      assert.equal(again.reason, 'breakpoint');
      assert.equal((await session.topFrame()).line, 18);
    });

    test('the first stop comes soon', async () => {
      const start = performance.now();
      assert.ok(await session.start(demo({ stopOnEntry: true })));
      assert.equal((await session.stopped()).reason, 'entry');
      notes.push(
        `startDebugging to the first stop: ${Math.round(performance.now() - start)} ms (wanted: at most 2000 ms)`,
      );
      const frame = await session.topFrame();
      assert.equal(frame.name, '_start');
    });

    test('blkreplay provides commands for reverse steps in and out', async () => {
      assert.ok(await session.start(demo()));
      await session.stopped();
      for (const command of ['reverseStepOut', 'reverseStepIn']) {
        const from = session.messages.length;
        await vscode.commands.executeCommand(`blkreplay.${command}`);
        assert.equal((await session.stopped(from)).reason, 'step', command);
      }
    });
  });
}

/** These messages occur in this order, after the ones checked before; others may come in between. */
function assertOrder({ messages }: TestSession, expected: string[]): void {
  const names = messages.map(nameOf);
  let at = names.lastIndexOf(expected[0]);
  for (const name of expected) {
    const found = names.indexOf(name, at);
    assert.ok(found >= 0, `${name} is missing or too early in:\n${names.join('\n')}`);
    at = found;
  }
}
