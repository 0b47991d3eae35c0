import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { TestContext } from 'node:test';

type Call = 'linkSync' | 'writeFileSync' | 'rmSync' | 'renameSync' | 'chmodSync';

/**
 * Makes functions of Node's file system module fail, even in modules that import them by name. Returns a function that
 * restores them.
 */
export function failCalls(t: TestContext, names: readonly Call[], code: string): () => void {
  const mocks = names.map((name) =>
    t.mock.method(fs, name, () => {
      throw Object.assign(new Error(`${code}: made to fail, ${name}`), { code });
    }),
  );
  syncBuiltinESMExports();
  const end = () => {
    for (const { mock } of mocks) mock.restore();
    syncBuiltinESMExports();
  };
  t.after(end);
  return end;
}
