import assert from 'node:assert/strict';
import { setup, suite, teardown, test } from 'mocha';
import * as vscode from 'vscode';
import { DEMO, type Location, type Move, walkDemo, type WalkDriver } from '../../support/demoWalk.ts';
import { measurements } from './measurements.ts';
import { demo, folder, nameOf, TestSession } from './session.ts';

/**
 * Debugs the sample demo with VS Code's own commands, and checks which requests VS Code sends and in which order
 * responses and events arrive.
 */
export function debugging(): void {
  suite('debugging the demo', () => {
    let session: TestSession;
    setup(() => void (session = new TestSession()));
    teardown(() => session.dispose());

    test('starts, runs to the reported failure, goes back to the write that corrupted the field, and continues past it', async () => {
      assert.ok(await session.start(demo()));
      const failure = await session.stopped();
      assert.equal(failure.description, DEMO.failure);
      assertOrder(session, [
        ...['request initialize', 'response initialize', 'request launch', 'event initialized'],
        ...['request configurationDone', 'response configurationDone', 'event stopped'],
      ]);
      await walkDemo(new VsCodeDriver(session), session.console);
    });

    test('a breakpoint on a line stops the guest in both directions', async () => {
      const statistics = vscode.Uri.joinPath(folder().uri, 'demo', DEMO.file);
      assert.ok(await session.start(demo()));
      await session.stopped();
      vscode.debug.addBreakpoints([
        new vscode.SourceBreakpoint(new vscode.Location(statistics, new vscode.Position(DEMO.line - 1, 0))),
      ]);
      const hit = await session.runUntilStopped('reverseContinue');
      assert.equal(hit.reason, 'breakpoint');
      const { name, line } = await session.topFrame();
      assert.deepEqual([name, line], [DEMO.functionName, DEMO.line]);
      await session.runUntilStopped('stepBack');
      assert.ok((await session.topFrame()).line < DEMO.line);
      const again = await session.runUntilStopped('continue');
      assert.equal(again.reason, 'breakpoint');
      assert.equal((await session.topFrame()).line, DEMO.line);
    });

    test('a session reaches its first stop quickly', async () => {
      const start = performance.now();
      assert.ok(await session.start(demo({ stopOnEntry: true })));
      assert.equal((await session.stopped()).reason, 'entry');
      measurements.push(
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

/**
 * Performs the demo's debugging session with the commands of VS Code's debug toolbar. VS Code's API cannot set data
 * breakpoints, so the request for one is sent directly to the adapter.
 */
class VsCodeDriver implements WalkDriver {
  private readonly session: TestSession;

  constructor(session: TestSession) {
    this.session = session;
  }

  async stopAtWrites(variable: string): Promise<void> {
    const { session } = this.session;
    const { dataId } = await session.customRequest('dataBreakpointInfo', { name: variable });
    const answer = await session.customRequest('setDataBreakpoints', {
      breakpoints: [{ dataId, accessType: 'write' }],
    });
    assert.equal(answer.breakpoints[0].verified, true);
  }

  async move(command: Move): Promise<void> {
    await this.session.runUntilStopped(command);
    assertOrder(this.session, [`request ${command}`, `response ${command}`, 'event stopped']);
  }

  async location(): Promise<Location> {
    const { name, line } = await this.session.topFrame();
    return { name, line };
  }

  value(variable: string): Promise<string> {
    return this.session.evaluate(variable);
  }
}

/**
 * Checks that messages with these names occurred in this order, starting at the last occurrence of the first name.
 * Other messages may come in between.
 */
function assertOrder({ messages }: TestSession, expected: string[]): void {
  const names = messages.map(nameOf);
  let at = names.lastIndexOf(expected[0]);
  for (const name of expected) {
    const found = names.indexOf(name, at);
    assert.ok(found >= 0, `${name} is missing or too early in:\n${names.join('\n')}`);
    at = found;
  }
}
