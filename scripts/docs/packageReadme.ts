import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Writes dist/README.md, the text of the extension's page in VS Code. That page cannot load files of the extension: it
 * shows only images from https and data URLs, and links to files do nothing. Therefore the images become data URLs,
 * and links to files become plain text.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');
export const PACKAGE_README = path.join(ROOT, 'dist/README.md');

export function packageReadme(readme: string, read: (file: string) => Buffer): string {
  return readme
    .replaceAll(/!\[([^\]]*)\]\(([^):]+\.png)\)/g, (_, text: string, file: string) => {
      return `![${text}](data:image/png;base64,${read(file).toString('base64')})`;
    })
    .replaceAll(/(?<!!)\[([^\]]+)\]\((?!https?:)[^)]+\)/g, '$1');
}

export function writePackageReadme(): void {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  writeFileSync(
    PACKAGE_README,
    packageReadme(readme, (file) => readFileSync(path.join(ROOT, file))),
  );
}
