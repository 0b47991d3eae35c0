import { copyFileSync, cpSync, globSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/** The files of the demo guest that the sample contains: the program, its sources, and the image of its disk. */
const GUEST_FILES = ['demo/*.{c,h,elf}', 'lib/*.{c,h,S}', 'empty.qcow2'];

/**
 * Assembles the sample folder that the command *Open Sample* copies. The sample consists of files of the demo guest, in
 * the folders that the debug information of demo.elf names, and of the files in extension/start/sample.
 */
export function assembleSample(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  cpSync('extension/start/sample', folder, { recursive: true });
  for (const file of globSync(GUEST_FILES, { cwd: 'test/guests' })) {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    copyFileSync(path.join('test/guests', file), target);
  }
}
