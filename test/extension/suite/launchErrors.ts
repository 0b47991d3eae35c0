import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { setup, suite, suiteSetup, teardown, test } from 'mocha';
import * as vscode from 'vscode';
import { type Mistake, MISTAKES } from './launchMistakes.ts';
import { demo, folder, nameOf, TestSession, until } from './session.ts';

/**
 * Every mistake that keeps a session from starting, made in a folder as a user would make it: VS Code shows one
 * sentence that says what is wrong, where (the setting or the file), and what to do.
 */
export function launchErrors(): void {
  suite('what cannot start', () => {
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
        assert.match(sentence, WAY_OUT);
        assert.doesNotMatch(sentence, /undefined|null|NaN|\[object|\n/);
      });
    }
  });
}

/** Behind the colon, semicolon or comma stands what to do. */
const WAY_OUT =
  /[:;,] (or )?(give|use|name|set|add|put|build|copy|link|record|replay|check|choose|end|try|convert|leave|bring|say|rebase|close|create|correct|run)\b/;

const KEPT = 'kept';
const scratch = () => path.join(folder().uri.fsPath, 'scratch');

/** A good recording that the mistakes are made with. */
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
    // VS Code shows no dialogs while it is tested: it rejects instead.
    await session.start({ ...given, ...settings }).then(undefined, () => {});
    const refusal = () => session.messages.find((one) => nameOf(one) === 'response launch' && !isSuccess(one));
    await until('it is refused', () => shown !== undefined || refusal() !== undefined);
    return shown ?? (refusal() as DebugProtocol.ErrorResponse).body.error!.format;
  } finally {
    Object.assign(vscode.window, { showErrorMessage });
  }
}

const isSuccess = (message: object) => (message as DebugProtocol.Response).success;
