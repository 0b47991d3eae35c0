import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { setup, suite, suiteSetup, teardown, test } from 'mocha';
import * as vscode from 'vscode';
import { type Mistake, MISTAKES } from './launchMistakes.ts';
import { demo, folder, nameOf, TestSession, until } from './session.ts';

/**
 * Makes each mistake that prevents a session from starting, as a user would make it. VS Code must show one sentence
 * that names the problem, its location (the setting or the file), and the remedy.
 */
export function launchErrors(): void {
  suite('a session that cannot start', () => {
    let session: TestSession;
    suiteSetup(recordOnce);
    setup(() => void (session = new TestSession()));
    teardown(async () => {
      await session.dispose();
      fs.rmSync(scratch(), { recursive: true, force: true });
    });

    for (const mistake of MISTAKES) {
      test(mistake.what, async () => {
        const sentence = await sentenceFor(session, mistake);
        assert.match(sentence, mistake.says);
        assert.ok(sentence.includes(mistake.where), `"${sentence}" names ${mistake.where}`);
        assert.match(sentence, /\.$/);
        assert.match(sentence, REMEDY);
        assert.doesNotMatch(sentence, /undefined|null|NaN|\[object|\n/);
      });
    }
  });
}

/** Matches the part of a message that gives an expected value, or a remedy as a sentence or clause. */
const REMEDY =
  /: expected |[.:;,] (or )?(add|build|change|check|choose|close|compile|convert|copy|correct|create|delete|end|free|give|increase|leave|link|move|omit|pass|put|rebase|rebuild|record|remove|replay|restore|run|set|shorten|specify|start|try|update|use)\b/i;

const KEPT = 'kept';
const scratch = () => path.join(folder().uri.fsPath, 'scratch');

/** Makes the valid recording that is copied for each mistake. */
async function recordOnce(): Promise<void> {
  const session = new TestSession();
  assert.ok(await session.start(demo({ rrfile: `${KEPT}/demo.rr`, drives: drives(`${KEPT}/hd0.qcow2`) })));
  await session.stopped();
  await session.dispose();
}

function drives(overlay: string): object[] {
  return [{ ...demo().drives[0], overlay }];
}

async function sentenceFor(session: TestSession, { files, settings }: Mistake): Promise<string> {
  const at = folder().uri.fsPath;
  fs.cpSync(path.join(at, KEPT), scratch(), { recursive: true });
  files?.(at);
  const { showErrorMessage } = vscode.window;
  let shown: string | undefined;
  const listen = (message: string) => Promise.resolve(void (shown = message));
  Object.assign(vscode.window, { showErrorMessage: listen });
  try {
    const given = demo({ rrfile: 'scratch/new.rr', drives: drives('scratch/new.qcow2'), overwrite: 'never' });
    // VS Code shows no dialogs during tests: the call that would show one rejects instead.
    await session.start({ ...given, ...settings }).then(undefined, () => {});
    const refusal = () => session.messages.find((one) => nameOf(one) === 'response launch' && !isSuccess(one));
    await until('it is refused', () => shown !== undefined || refusal() !== undefined);
    return shown ?? (refusal() as DebugProtocol.ErrorResponse).body.error!.format;
  } finally {
    Object.assign(vscode.window, { showErrorMessage });
  }
}

const isSuccess = (message: object) => (message as DebugProtocol.Response).success;
