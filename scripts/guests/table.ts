import { blkreplayOptions, qemuOptions, SHOWN_FILES } from './commandLines.ts';
import type { Guest, GuestLeftOut, GuestResult, OurResult, QemuResult } from './guest.ts';

/** The text of docs/guests.md: one row for each guest with a result, and a table of the guests that were not run. */
export function guestsDocument(
  guests: readonly Guest[],
  results: Readonly<Record<string, GuestResult>>,
  leftOut: readonly GuestLeftOut[],
): string {
  const rows = guests.filter(({ name }) => results[name]).map((guest) => row(guest, results[guest.name]));
  const others = leftOut.map(({ name, why }) => `| ${cell(name)} | ${cell(why)} |`);
  return `${INTRODUCTION}
| Guest | Description | QEMU | blkreplay | Result |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

## Guests not in the table

| Guest | Reason |
| --- | --- |
${others.join('\n')}
`;
}

const INTRODUCTION = `# Guests

The table shows how unmodified operating systems and programs for QEMU's \`virt\` board run on blkreplay and on QEMU
7.2. A script writes this document:

    npm run build && node scripts/guests/main.ts FOLDER

\`FOLDER\` contains the guests, built from their projects' sources or taken from Debian packages, under the file names
in \`scripts/guests/guestList.ts\`. Guests whose files are missing are skipped. The script runs each guest in QEMU, and
then runs, records and replays it with blkreplay. It types the input that the list specifies, and waits until the console
shows the expected text. *Works* means that the console showed the text in all three runs with blkreplay, and that the
replay had the same console output and the same digest of registers, RAM, devices and disks as the recording.

The table omits options that are the same for all guests: \`-M virt -display none -serial stdio -net none\` for QEMU, and
\`record\` with \`--rrfile\` for blkreplay. Each row names the commit or version of the sources. This repository does
not include any guests. 32-bit guests do not run, because the machine is RV64.
`;

function row(guest: Guest, { qemu, ours }: GuestResult): string {
  const { name, what, source } = guest;
  const columns = [
    name,
    `${what} (${source})`,
    code(withoutShared(qemuOptions(guest, SHOWN_FILES))),
    code(blkreplayOptions(guest, SHOWN_FILES)),
    [ourText(ours, guest), qemuText(qemu, guest), guest.remark].filter(Boolean).join(' '),
  ];
  return `| ${columns.map(cell).join(' | ')} |`;
}

function ourText(ours: OurResult, { isLong }: Guest): string {
  if (ours.kind === 'fails') return `**Fails** (${ours.stage}): ${ours.symptom}.`;
  // A guest runs until the script has seen the expected text. This delay makes the number of steps in a short run
  // meaningless.
  if (!isLong) return 'Works.';
  const [record, replay] = [ours.recordSeconds, ours.replaySeconds].map((seconds) => `${Math.round(seconds)} s`);
  return `Works: ${millions(ours.steps)} M steps, recorded in ${record}, replayed in ${replay}.`;
}

function qemuText(qemu: QemuResult, { qemuNote }: Guest): string {
  if (qemu.kind === 'works') return '';
  if (qemu.kind === 'notRun') return 'Not run under QEMU.';
  return `It does not run on QEMU${qemuNote ? `: ${qemuNote}` : ` (${qemu.symptom})`}.`;
}

const SHARED = ['-M', 'virt', '-display', 'none', '-serial', 'stdio', '-net', 'none'];

function withoutShared(options: string[]): string[] {
  const rest = [...options];
  for (let i = 0; i < SHARED.length; i += 2) rest.splice(rest.indexOf(SHARED[i]), 2);
  return rest;
}

function millions(steps: number): string {
  return Math.ceil(steps / 1e6).toLocaleString('en-US');
}

function code(options: readonly string[]): string {
  return `\`${options.map((option) => (option.includes(' ') ? `"${option}"` : option)).join(' ')}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
