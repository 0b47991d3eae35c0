import { quoted, shown } from './shown.ts';
import { badInput } from './userError.ts';

/** What a user of the debug adapter can be told: mistakes in launch.json, and requests that cannot be had now. */

/** `allowed` ends the sentence: `give ...`. */
export const launchBadSetting = (bad: { setting: string; value: unknown; allowed: string }) =>
  badInput(
    'launch-bad-setting',
    `"${bad.setting}": ${quoted(bad.value)} is not possible in the launch configuration; give ${bad.allowed}.`,
  );

export const launchSettingMissing = (missing: { setting: string; what: string }) =>
  badInput('launch-setting-missing', `The launch configuration has no "${missing.setting}": add it, ${missing.what}.`);

export const launchDrivesShare = (both: { first: string; second: string; what: string }) =>
  badInput(
    'launch-drives-share',
    `The drives ${both.first} and ${both.second} of the launch configuration share ${both.what}; give each its own.`,
  );

/** `why` is the first half of the engine's own sentence: which file is in the way. */
export const launchWouldOverwrite = (refused: { why: string; isAsk: boolean }) =>
  badInput(
    'launch-would-overwrite',
    `${refused.why}: name another file, or set "overwrite" to "always"` +
      (refused.isAsk ? ' ("ask" is for the editor; asked for here it means "never").' : '.'),
  );

export const launchBackingOutside = (refused: { why: string }) =>
  badInput(
    'backing-outside',
    `${refused.why}: if you trust the image, put that file beside it, or set "cwd" to a folder above both.`,
  );

export const requestUnknown = (command: unknown) =>
  badInput('request-unknown', `The debug adapter knows no request ${quoted(command)}.`);

export const requestMalformed = (bad: { command: string; argument: string; expected: string }) =>
  badInput('request-malformed', `The request ${bad.command} needs ${bad.argument}, ${bad.expected}.`);

export const requestTooDeep = (command: string) =>
  badInput('request-too-deep', `The arguments of the request ${command} are nested too deeply: make them simpler.`);

export const requestTooEarly = (command: string, first: string) =>
  badInput('request-too-early', `The request ${command} can only come after ${first}.`);

export const requestTwice = (command: string) =>
  badInput('request-twice', `The request ${command} has been made already; a session takes it once.`);

export const machineIsRunning = () => badInput('machine-running', 'The machine is running; pause it first.');

export const sessionHasEnded = () => badInput('session-ended', 'The session has ended: start a new one.');

export const staleReference = (what: 'frame' | 'variable') =>
  badInput('stale-reference', `This ${what} belongs to an earlier stop: ask for the stack again.`);

export const threadUnknown = (threadId: number) =>
  badInput('thread-unknown', `There is no thread ${threadId}: the harts are the threads, from 1 on.`);

export const variableUnknown = (name: string) =>
  badInput('variable-unknown', `There is no '${shown(name)}' in this scope.`);

export const noSymbols = () =>
  badInput(
    'no-symbols',
    'There are no symbols: name an ELF file as "kernel" or in "symbols" of the launch configuration.',
  );

export const writingNotByLooking = () =>
  badInput('writing-not-here', 'Nothing is assigned by looking: type the assignment into the debug console.');

export const notWritable = (name: string) =>
  badInput('not-writable', `'${shown(name)}' is no place in memory or register that can be written in this frame.`);

export const valueNeeded = (text: string) =>
  badInput('value-needed', `'${shown(text)}' is no number for a register: give one such as 42 or 0x2a.`);

export const inputNotInReplay = () =>
  badInput('input-in-replay', 'A replay takes no input: the guest gets what was typed when it was recorded.');

export const inputNotInPast = () =>
  badInput(
    'input-in-past',
    'The guest is looked at in its past, where all that was typed is known: go to the end of the recording to type.',
  );

/** Why a breakpoint is not set, shown beside it. */
export const noCodeAt = (line: number) => `No code for line ${line} or after it in the symbols that are loaded`;
export const noFunction = (name: string) => `No function ${quoted(name)} in the symbols that are loaded`;
export const codeIsNotBooted = (symbols: string) =>
  `The code of ${shown(symbols)} at this place is not what the machine runs, which is another build`;
export const nothingAt = (address: string) =>
  `There is no memory at ${shown(address)} now; the machine stops here if code is mapped there later`;
export const setWhenStopped = () => 'Set as soon as the machine stops';
export const notWithoutDebugging = () => 'Not used: this session runs without debugging';
export const noInstructionAt = (address: string) =>
  `Instructions begin at even addresses, so none begins at ${shown(address)}`;
export const notInMemory = (name: string) => `${shown(name)} is not in memory, so accesses to it cannot be seen`;

export const ownMistake = (text: string) => `This is a mistake in blkreplay itself, please report it: ${text}`;

/** Both end the session. */
export const messageTooLarge = (message: { lengthBytes: number; bytesMax: number }) =>
  `A message of ${message.lengthBytes} bytes is announced, and ${message.bytesMax} are the most; the session ends.`;

export const notTheProtocol = () =>
  "What comes on stdin is not the debug adapter's protocol: a header does not end; the session ends.";
