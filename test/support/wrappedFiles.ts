import type { TestContext } from 'node:test';
import type { HostFile } from '../../debug-adapter/engine/base/host.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';

/**
 * Until the end of the test, every file that is created or opened for writing is replaced by the result of `wrap`,
 * which receives the file and its final name.
 */
export function wrapWrittenFiles(t: TestContext, wrap: (file: HostFile, path: string) => HostFile): void {
  const { files } = nodeHost;
  const { open, stage } = files;
  t.after(() => Object.assign(files, { open, stage }));
  files.open = (path, mode) => (mode.write ? wrap(open(path, mode), path) : open(path, mode));
  files.stage = (path) => {
    const staged = stage(path);
    return { ...staged, file: wrap(staged.file, path) };
  };
}
