import * as vscode from 'vscode';
import { isAssemblyFile } from './assemblyName.ts';

/** The language that package.json contributes for assembly files. */
const ASSEMBLY = 'asm';

/**
 * Lets the user set breakpoints in assembly files. VS Code has no language mode for assembly: it opens these files
 * as plain text, in which breakpoints cannot be set. package.json assigns no file extension to our language. If it did, some
 * assembly extensions would lose these files: if several languages claim a file extension, VS Code chooses by the names
 * of the extensions that contribute them. This function therefore assigns our language, but only to files that no other
 * extension claims.
 */
export function registerAssemblyFiles(): vscode.Disposable {
  /** Each file's language is set only once, so that the user can still select Plain Text for it. */
  const changed = new Set<string>();
  const open = (document: vscode.TextDocument) => {
    const { languageId, uri } = document;
    if (languageId !== 'plaintext' || changed.has(uri.toString()) || !isAssemblyFile(uri.path)) return;
    if (isPlainTextByChoice(document)) return;
    changed.add(uri.toString());
    void vscode.languages.setTextDocumentLanguage(document, ASSEMBLY);
  };
  vscode.workspace.textDocuments.forEach(open);
  return vscode.workspace.onDidOpenTextDocument(open);
}

/** Whether the user's setting `files.associations` says that files with this extension are plain text. */
function isPlainTextByChoice({ uri }: vscode.TextDocument): boolean {
  const associations =
    vscode.workspace.getConfiguration('files', uri).get<Record<string, string>>('associations') ?? {};
  const extension = uri.path.slice(uri.path.lastIndexOf('.')).toLowerCase();
  return Object.entries(associations).some(
    ([pattern, language]) => language === 'plaintext' && pattern.toLowerCase().endsWith(extension),
  );
}
