import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Writes dist/README.md, the text of the extension's page in VS Code. That page shows only images with an https URL
 * (or, in versions up to 2025, a data URL), and links to files do not work there. As long as package.json does not name
 * a repository from which images and files could be loaded, each image is replaced by a note, and each link to a file
 * by the link's text.
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
