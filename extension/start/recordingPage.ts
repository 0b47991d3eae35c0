import { formatBytes } from '../overlays/treeModel.ts';
import type { RecordingInfo } from '../overlays/recordingInfo.ts';
import { formatPosition } from '../timeline/positionText.ts';
import { pageTexts } from '../../debug-adapter/messages/extensionStart.ts';

/** The contents of the page that the editor shows for a file. */
export interface Page {
  title: string;
  /** What the file is, or why it cannot be read. */
  sentence: string;
  file: string;
  rows: { label: string; value: string }[];
  snapshots: { name: string; position: number; date: string }[];
  buttons: { id: PageCommand['id']; label: string }[];
}

/** The action of a button on the page. `position` is set for the button of a snapshot. */
export interface PageCommand {
  id: 'replay' | 'unpack' | 'openAsText';
  position?: number;
}

/** Describes a recording: what was booted, on which machine and drives, how long the run is, and its snapshots. */
export function recordingPage(info: RecordingInfo, file: { path: string; name: string; bytes: number }): Page {
  const { details, overview } = info;
  const row = (label: string, value: string | null) => (value ? [{ label, value }] : []);
  return {
    title: file.name,
    sentence: pageTexts.isRecording(),
    file: file.path,
    rows: [
      ...row(pageTexts.kernel(), info.kernel),
      ...row(pageTexts.bios(), info.bios),
      ...row(pageTexts.initrd(), info.initrd),
      ...row(pageTexts.append(), details.append),
      ...row(pageTexts.machine(), pageTexts.machineValue(formatBytes(details.memoryBytes), details.harts)),
      ...info.drives.flatMap(({ id, image, format, overlay }) =>
        row(pageTexts.drive(id), pageTexts.driveValue({ image, format, overlay })),
      ),
      ...row(pageTexts.length(), pageTexts.lengthValue(formatPosition(details.lastPosition))),
      ...row(pageTexts.end(), pageTexts.endValue(details.end)),
      ...row(pageTexts.size(), formatBytes(file.bytes)),
      ...row(pageTexts.version(), details.blkreplayVersion),
    ],
    snapshots: overview.snapshots.map(({ name, position, date }) => ({ name, position, date })),
    buttons: [{ id: 'replay', label: pageTexts.replayButton() }],
  };
}

/** Describes a pack, whose contents are known only after it has been unpacked. */
export function packPage(file: { path: string; name: string; bytes: number }): Page {
  return {
    ...{ title: file.name, sentence: pageTexts.isPack(), file: file.path, snapshots: [] },
    rows: [{ label: pageTexts.size(), value: formatBytes(file.bytes) }],
    buttons: [{ id: 'unpack', label: pageTexts.unpackButton() }],
  };
}

/** Shows why a file cannot be read as a recording or a pack, and offers the editor for other kinds of files. */
export function problemPage(file: { path: string; name: string }, why: string): Page {
  const buttons: Page['buttons'] = [{ id: 'openAsText', label: pageTexts.openWithButton() }];
  return { title: file.name, sentence: why, file: file.path, rows: [], snapshots: [], buttons };
}

/**
 * Renders a page as HTML. All values are escaped, because they come from files. `nonce` allows the page's own style and
 * script; everything else, and all network access, is forbidden.
 */
export function pageHtml(page: Page, nonce: string, formatDate: (iso: string) => string): string {
  const rows = page.rows.map(({ label, value }) => `<dt>${escaped(label)}</dt><dd>${escaped(value)}</dd>`);
  const buttons = page.buttons.map(({ id, label }) => `<button data-id="${id}">${escaped(label)}</button>`);
  return `<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'">
<title>${escaped(page.title)}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(page.title)}</h1>
<p>${escaped(page.sentence)}</p>
<p class="file">${escaped(page.file)}</p>
<p>${buttons.join(' ')}</p>
<dl>${rows.join('\n')}</dl>
${snapshotTable(page.snapshots, formatDate)}
</main>
<script nonce="${nonce}">${SCRIPT}</script>
</body>
</html>`;
}

function snapshotTable(snapshots: Page['snapshots'], formatDate: (iso: string) => string): string {
  if (snapshots.length === 0) return '';
  const rows = snapshots.map(({ name, position, date }) => {
    const label = escaped(pageTexts.replayFrom(formatPosition(position)));
    const button = `<button class="secondary" data-id="replay" data-position="${position}" aria-label="${label}">`;
    const cells = [name, formatPosition(position), date && formatDate(date)].map((text) => `<td>${escaped(text)}</td>`);
    return `<tr>${cells.join('')}<td>${button}${escaped(pageTexts.replayButton())}</button></td></tr>`;
  });
  const headings = [pageTexts.snapshotName(), pageTexts.snapshotPosition(), pageTexts.snapshotDate(), ''];
  const head = headings.map((text) => (text ? `<th scope="col">${escaped(text)}</th>` : '<td></td>')).join('');
  return `<h2>${escaped(pageTexts.snapshots())}</h2>
<table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char]);

const STYLE = `
body { padding: 1rem 2rem; max-width: 60rem; font-size: var(--vscode-font-size); }
h1 { font-weight: 600; margin-bottom: 0; }
.file { font-family: var(--vscode-editor-font-family); opacity: .8; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.5rem; margin: 1.5rem 0; }
dt { opacity: .8; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .25rem 1.5rem .25rem 0; }
td:nth-child(2) { font-variant-numeric: tabular-nums; }
button { color: var(--vscode-button-foreground); background: var(--vscode-button-background); padding: .35rem .9rem;
  border: 1px solid var(--vscode-button-border, transparent); border-radius: 2px; font: inherit; cursor: pointer; }
button:hover { background: var(--vscode-button-hoverBackground); }
button.secondary { color: var(--vscode-button-secondaryForeground); background: var(--vscode-button-secondaryBackground);
  padding: .1rem .6rem; }
button.secondary:hover { background: var(--vscode-button-secondaryHoverBackground); }
button:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 2px; }
`;

const SCRIPT = `
const editor = acquireVsCodeApi();
for (const button of document.querySelectorAll('button')) {
  const { id, position } = button.dataset;
  button.addEventListener('click', () =>
    editor.postMessage(position === undefined ? { id } : { id, position: Number(position) }));
}
`;
