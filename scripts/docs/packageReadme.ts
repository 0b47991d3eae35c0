import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Writes dist/README.md, the text of the extension's page in VS Code. That page shows only images from https (and, in
 * versions until 2025, from data URLs), and links to files do nothing there. As long as package.json names no
 * repository from which such files could be loaded, each image is replaced by a note, and each link to a file by its
 * text.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');
const PACKAGE_README = path.join(ROOT, 'dist/README.md');

export function packageReadme(readme: string): string {
  return readme
    .replaceAll(/^!\[([^\]]*)\]\((?!https?:)[^)]+\)$/gm, (_, text: string) => `> ${text} ${WHERE_IMAGES_ARE}`)
    .replaceAll(/\[([^\]]+)\]\((?!https?:)[^)]+\)/g, '$1');
}

const WHERE_IMAGES_ARE =
  'To see it, run **blkreplay: Open Documentation** from the Command Palette and select *Guide*.';

export function writePackageReadme(): void {
  writeFileSync(PACKAGE_README, packageReadme(readFileSync(path.join(ROOT, 'README.md'), 'utf8')));
}
