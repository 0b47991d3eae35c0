import { blkreplayOptions, qemuOptions, SHOWN_FILES } from './commandLines.ts';
import type { Guest, GuestLeftOut, GuestResult, OurResult, QemuResult } from './guest.ts';

/** docs/guests.md: a row for each guest that has a result, and those that are in no row. */
export function guestsDocument(
  guests: readonly Guest[],
  results: Readonly<Record<string, GuestResult>>,
  leftOut: readonly GuestLeftOut[],
): string {
  const rows = guests.filter(({ name }) => results[name]).map((guest) => row(guest, results[guest.name]));
  const others = leftOut.map(({ name, why }) => `| ${cell(name)} | ${cell(why)} |`);
  return `${INTRODUCTION}
| guest | what it is | QEMU | blkreplay | result |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

## In no row

| guest | why |
| --- | --- |
${others.join('\n')}
`;
}

const INTRODUCTION = `# Guests

Systems that run on QEMU's \`virt\` board, and how they run here, unchanged. QEMU is 7.2. Written by a script:

    npm run build && node scripts/guests/main.ts FOLDER

\`FOLDER\` has the guests as their own projects or Debian packages build them, under the file names that
\`scripts/guests/guestList.ts\` gives; a guest whose files are not there is left out. For each the script starts QEMU, then
runs, records and replays it here, typing what the list says, until the console has shown what is expected. *Works* means:
it did in all three, and the replay had the same console and the same digest of registers, RAM, devices and disks.
Options that all lines share are left out of the table: \`-M virt -display none -serial stdio -net none\`, and \`record\`
with \`--rrfile\`. Sources are at the commit or version named; none of them is part of this repository. 32-bit guests do not
run: the machine is RV64.
`;

function row(guest: Guest, { qemu, ours }: GuestResult): string {
  const { name, what, source } = guest;
  const columns = [
    name,
    `${what} (${source})`,
    code(withoutShared(qemuOptions(guest, SHOWN_FILES))),
    code(blkreplayOptions(guest, SHOWN_FILES)),
    [ourText(ours, guest), qemuText(qemu, guest), guest.note].filter(Boolean).join(' '),
  ];
  return `| ${columns.map(cell).join(' | ')} |`;
}

function ourText(ours: OurResult, { isLong }: Guest): string {
  if (ours.kind === 'fails') return `**Missing** (${ours.stage}): ${ours.symptom}.`;
  // Where a short run ends depends on when the script sees the expected text, so its length says nothing.
  if (!isLong) return 'Works.';
  const [record, replay] = [ours.recordSeconds, ours.replaySeconds].map((seconds) => `${Math.round(seconds)} s`);
  return `Works: ${millions(ours.steps)} M steps, recorded in ${record}, replayed in ${replay}.`;
}

function qemuText(qemu: QemuResult, { qemuNote }: Guest): string {
  if (qemu.kind === 'works') return '';
  if (qemu.kind === 'notRun') return 'Not run under QEMU.';
  return `QEMU does not run it${qemuNote ? `: ${qemuNote}` : ` (${qemu.symptom})`}.`;
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
