import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Outcome, Session, Sandbox } from '../support/cli.ts';
import { fresh } from './freshScene.ts';

/**
 * A session or command that must be rejected before any file is touched. It must end with exit status 2 and one
 * sentence that names the file and the remedy, and leave every file unchanged.
 */
export interface Refusal {
  what: string;
  /** Sets up the state that makes blkreplay reject the command. */
  trouble?: (sandbox: Sandbox) => void;
  command: (sandbox: Sandbox) => Promise<Outcome>;
  code: string;
  says: RegExp;
}

export const MIB = 1 << 20;
export const record =
  (session: Session, ...more: string[]) =>
  (sandbox: Sandbox) =>
    sandbox.record(session, ...more);
export const replay =
  (session: Session, ...more: string[]) =>
  (sandbox: Sandbox) =>
    sandbox.replay(session, ...more);
/**
 * Records with --overwrite, so that a file that is named for two purposes would be lost if the command were accepted.
 */
export const overwrite = (session: Session) => record(session, '--overwrite');

/** Defines a test for each refusal. Each test works on a copy of the scene. */
export function testRefusals(command: string, scene: typeof fresh, refusals: readonly Refusal[]): void {
  suite(command, { concurrency: 2 }, () => {
    for (const refusal of refusals) {
      test(refusal.what, async (t) => {
        const sandbox = scene.copy(t);
        refusal.trouble?.(sandbox);
        const untouched = sandbox.fingerprint();
        const { message, code } = (await refusal.command(sandbox)).refused(2);
        assert.equal(code, refusal.code, message);
        assert.match(message, refusal.says);
        assert.deepEqual(sandbox.fingerprint(), untouched, 'no file is created, changed or removed');
      });
    }
  });
}
