import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** The gdb that blkreplay is compared with. Each run of gdb executes a list of commands. */
export const GDB = 'gdb-multiarch';

/** Runs commands on an ELF file and returns the lines that each command printed, including errors. */
export function runGdbCommands(elf: string, commands: string[]): string[][] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-gdb-'));
  try {
    const script = path.join(folder, 'script');
    const setup = [
      'set pagination off',
      'set width 0',
      'set height 0',
      'set breakpoint pending off',
      'set confirm off',
    ];
    // A failing command would end the script, so each command is run from Python, which catches the error.
    const tries = commands.map((command) => ['echo \\n@@@\\n', `python try_(${JSON.stringify(command)})`]);
    fs.writeFileSync(script, [...setup, ...TRY, ...tries.flat(), 'echo \\n@@@\\n'].join('\n'));
    const output = execFileSync(GDB, ['-q', '-nx', '-batch', '-x', script, elf], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return output
      .split('\n@@@\n')
      .slice(1, -1)
      .map((answer) => answer.split('\n').filter((line) => line !== ''));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const TRY = [
  'python',
  'import gdb',
  'def try_(command):',
  '  try:',
  '    print(gdb.execute(command, to_string=True), end="")',
  '  except gdb.error as error:',
  '    print("error: " + str(error))',
  'end',
];

/**
 * Returns the addresses of the breakpoints that gdb sets with the command `break`, for locations such as `f` or
 * `file:line`.
 */
export function breakpointsOfGdb(
  elf: string,
  positions: string[],
): Map<string, { lines: number[]; addresses: bigint[] }> {
  const answers = runGdbCommands(
    elf,
    positions.flatMap((location) => [`break ${location}`, 'info breakpoints', 'delete']),
  );
  const found = new Map<string, { lines: number[]; addresses: bigint[] }>();
  positions.forEach((location, i) => {
    const rows = answers[3 * i + 1].flatMap((row) => {
      const match = /^\d[\d.]*\s.*\by\s+(0x[0-9a-f]+) ?(?:.*:(\d+))?$/.exec(row.trimEnd());
      return match ? [{ address: BigInt(match[1]), line: Number(match[2] ?? 0) }] : [];
    });
    const addresses = rows.map(({ address }) => address).sort((a, b) => (a < b ? -1 : 1));
    if (rows.length > 0) found.set(location, { addresses, lines: [...new Set(rows.map(({ line }) => line))] });
  });
  return found;
}
