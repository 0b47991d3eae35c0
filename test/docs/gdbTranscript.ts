import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { EXAMPLE_ENVIRONMENT } from './sampleRepository.ts';

/**
 * A terminal session in a document: lines that start with `$ ` are shell commands, lines that start with `(gdb) ` are
 * commands of the gdb that the preceding line started, and all other lines are output of the command above them.
 */
export interface TranscriptCommand {
  command: string;
  /** Each line must occur in the output, in this order. `...` stands for any text. */
  expected: string[];
}

interface ShellCommand extends TranscriptCommand {
  /** The commands for gdb, if this command starts it. */
  inGdb: TranscriptCommand[];
}

export function parseTranscript(text: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let last: TranscriptCommand | undefined;
  for (const line of text.split('\n').filter(Boolean)) {
    const [, prompt, command] = /^(\$|\(gdb\)) (.*)$/.exec(line) ?? [];
    if (prompt === '$') {
      last = { command, expected: [], inGdb: [] } as ShellCommand;
      commands.push(last as ShellCommand);
    } else if (prompt === '(gdb)') {
      last = { command, expected: [] };
      commands.at(-1)!.inGdb.push(last);
    } else {
      last!.expected.push(line.trim());
    }
  }
  return commands;
}

/** Runs a transcript in a folder. Returns a message for each expected line of output that did not appear. */
export async function runTranscript(text: string, folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (const shell of parseTranscript(text)) {
    if (shell.inGdb.length === 0) {
      const { stdout, stderr } = spawnSync('sh', ['-c', shell.command], {
        ...{ cwd: folder, env: EXAMPLE_ENVIRONMENT, encoding: 'utf8' },
      });
      missing.push(...missingLines(shell, stdout + stderr));
    } else {
      const outputs = await runGdb(shell.command, shell.inGdb, folder);
      shell.inGdb.forEach((command, i) => missing.push(...missingLines(command, outputs[i] ?? '')));
    }
  }
  return missing;
}

export function missingLines({ command, expected }: TranscriptCommand, output: string): string[] {
  const plain = output.replace(/\s+/g, ' ');
  let from = 0;
  for (const line of expected) {
    for (const part of line.split('...')) {
      const words = part.replace(/\s+/g, ' ').trim();
      const found = plain.indexOf(words, from);
      if (found < 0) return [`${command}: "${line}" is not in its output:\n${output}`];
      from = found + words.length;
    }
  }
  return [];
}

const GDB_MS_MAX = 120_000;

/** Runs gdb with these commands; returns the output of each. */
async function runGdb(start: string, commands: readonly TranscriptCommand[], folder: string): Promise<string[]> {
  const [program, ...files] = start.split(' ');
  const settings = ['set pagination off', 'set confirm off', 'set width 0'];
  const script = commands.flatMap(({ command }, i) => [`echo \\n${mark(i)}\\n`, command]);
  const args = ['-batch', '-nx', ...[...settings, ...script].flatMap((line) => ['-ex', line]), ...files];
  // stdout and stderr share one pipe, so that all output stays in order. The guest's console is printed on stderr.
  const child = spawn('sh', ['-c', 'exec "$@" 2>&1', 'sh', program, ...args], {
    ...{ cwd: folder, env: EXAMPLE_ENVIRONMENT, stdio: ['ignore', 'pipe', 'inherit'], timeout: GDB_MS_MAX },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child, 'close');
  return commands.map((_, i) => output.split(mark(i))[1]?.split(mark(i + 1))[0] ?? '');
}

const mark = (i: number) => `=== command ${i} ===`;
