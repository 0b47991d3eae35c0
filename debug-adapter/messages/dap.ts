import { listSome } from './block.ts';
import { counted, quoted, shown } from './shown.ts';
import { badInput, type Message } from './userError.ts';

/** Messages of the debug adapter: mistakes in launch.json, requests that cannot be answered, and strings in events. */

/** `expected` is one of the strings in `expected.ts`. */
export const launchBadSetting = ({ setting, value, expected }: { setting: string; value: unknown; expected: string }) =>
  badInput(
    'launch-bad-setting',
    { setting, value: shown(value), expected },
    `Invalid value ${quoted(value)} for "${setting}" in the launch configuration: expected ${expected}.`,
  );

export const launchSettingMissing = ({ setting, what }: { setting: string; what: string }) =>
  badInput(
    'launch-setting-missing',
    { setting, what },
    `The launch configuration has no "${setting}".`,
    `Set it to ${what}.`,
  );

/** What the missing setting should specify. Each string completes the remedy in `launchSettingMissing`. */
export const settingMeanings = {
  rrfile: () => 'the path of the recording file',
  kernel: () => 'an ELF file, a Linux Image or a raw binary',
  driveId: () => 'a name, for example "hd0"',
  driveImage: () => 'the disk image',
  driveFormat: () => '"raw" or "qcow2"',
};

export const launchDrivesShare = (both: { first: string; second: string; what: 'id' | 'slot' | 'overlay' }) =>
  badInput(
    'launch-drives-share',
    both,
    `The drives "${both.first}" and "${both.second}" in the launch configuration have the same ${both.what}.`,
    `Give each drive its own ${both.what}.`,
  );

/** Replaces the messages `overlay-exists` and `recording-exists`, and names the setting that allows overwriting. */
export const launchWouldOverwrite = ({ fields, problem }: Message, { isAsk }: { isAsk: boolean }) =>
  badInput(
    'launch-would-overwrite',
    { ...fields, isAsk },
    problem,
    'Specify another file, or set "overwrite" to "always".' +
      (isAsk ? ' Only VS Code can ask or keep both; elsewhere, "ask" and "keepBoth" mean "never".' : ''),
  );

export const requestUnknown = (command: unknown) =>
  badInput(
    'request-unknown',
    { command: shown(command) },
    `Unknown request ${quoted(command)}.`,
    'Check the name of the request.',
  );

export const requestMalformed = (bad: { command: string; argument: string; expected: string }) =>
  badInput(
    'request-malformed',
    bad,
    `Invalid argument "${bad.argument}" of the ${bad.command} request: expected ${bad.expected}.`,
  );

export const requestUnannounced = (bad: { command: string; argument: string; capability: string }) =>
  badInput(
    'request-unannounced',
    bad,
    `The argument "${bad.argument}" of the ${bad.command} request is not supported: the adapter does not announce ${bad.capability}.`,
    'Leave the argument out.',
  );

export const requestTooDeep = (command: string) =>
  badInput(
    'request-too-deep',
    { command },
    `The arguments of the ${command} request are nested too deeply.`,
    'Send arguments with fewer levels of nesting.',
  );

export const requestTooEarly = (command: string, first: string) =>
  badInput('request-too-early', { command, first }, `The ${command} request must come after the ${first} request.`);

export const requestTwice = (command: string) =>
  badInput(
    'request-twice',
    { command },
    `The ${command} request was already made; a session accepts it only once.`,
    'Start a new session.',
  );

export const machineIsRunning = () => badInput('machine-running', {}, 'The machine is running.', 'Pause it first.');

export const tooManySteps = (countMax: number) =>
  badInput(
    'steps-too-many',
    { countMax },
    `${countMax} steps are already waiting for the current step to end.`,
    'Wait until they have ended.',
  );

export const stepDropped = () =>
  badInput(
    'step-dropped',
    {},
    'The step was not executed, because the machine stopped for another reason first.',
    'Step again.',
  );

export const sessionHasEnded = () => badInput('session-ended', {}, 'The session has ended.', 'Start a new one.');

export const staleReference = (what: 'frame' | 'variable') =>
  badInput('stale-reference', { what }, `This ${what} belongs to an earlier stop.`, 'Request the stack trace again.');

export const threadUnknown = (threadId: number) =>
  badInput(
    'thread-unknown',
    { threadId },
    `There is no thread ${threadId}: the threads are the harts, numbered from 1.`,
    'Request the list of threads.',
  );

export const variableUnknown = (name: string) =>
  badInput(
    'variable-unknown',
    { name },
    `There is no variable "${shown(name)}" in this scope.`,
    'Request the variables again.',
  );

export const noSymbols = () =>
  badInput(
    'no-symbols',
    {},
    'No symbols are loaded.',
    'Specify an ELF file in "kernel" or "symbols" in the launch configuration.',
  );

export const writingNotByLooking = () =>
  badInput(
    'writing-not-here',
    {},
    'Expressions evaluated here cannot modify the guest.',
    'Type the assignment in the Debug Console.',
  );

export const notWritable = (name: string) =>
  badInput(
    'not-writable',
    { name },
    `"${shown(name)}" cannot be written: it is neither in memory nor in a register that is writable in this frame.`,
    'Select the innermost frame of the current hart, or change a variable in memory.',
  );

export const valueNeeded = (text: string) =>
  badInput(
    'value-needed',
    { text },
    `Invalid value "${shown(text)}" for a register: expected a number such as 42 or 0x2a.`,
  );

export const noException = () =>
  badInput(
    'no-exception',
    {},
    'The machine did not stop because of an exception.',
    'To stop at exceptions, set an exception breakpoint.',
  );

export const inputNotInReplay = () =>
  badInput(
    'input-in-replay',
    {},
    'Console input is not possible in a replay: the guest receives the recorded input.',
    'To type, record a new run.',
  );

export const inputNotInPast = () =>
  badInput(
    'input-in-past',
    {},
    'You are viewing a past state, where the guest receives its recorded input.',
    'To type, continue to the live end.',
  );

export const inputQueueFull = (waitingBytes: number) =>
  badInput(
    'input-queue-full',
    { waitingBytes },
    `${waitingBytes} bytes of console input are already waiting for the guest to read them.`,
    'Wait until the guest has read some of them.',
  );

/** Why a breakpoint is not set or cannot be hit yet. The editor shows the text next to the breakpoint. */
export const noCodeAt = (line: number) =>
  `The loaded symbols contain no code at or after line ${line}. Set the breakpoint on an earlier line.`;
export const noFunction = (name: string) =>
  `The loaded symbols contain no function ${quoted(name)}. Check the name, or add the ELF file that contains it to "symbols".`;
export const codeIsNotBooted = (symbols: string) =>
  `The code in ${shown(symbols)} is from a different build than the code that the machine runs here. Use the symbols of the build that the machine is running.`;
export const nothingAt = (address: string) =>
  `No memory is currently mapped at ${shown(address)}. The breakpoint takes effect when the program counter reaches this address.`;
export const setWhenStopped = () => 'Will be set when the machine stops.';
export const notWithoutDebugging = () =>
  'Not set: this session runs without debugging. Press F5 instead of Ctrl+F5 to use breakpoints.';
export const panicIsUnknown = (functions: readonly string[]) =>
  `The loaded symbols contain no function ${functions.map(quoted).join(' or ')}. Set "panicFunctions" or "panicTexts" in the launch configuration.`;
export const noInstructionAt = (address: string) =>
  `No instruction starts at ${shown(address)}: instructions start at even addresses. Use an even address.`;
export const driveUnknown = (drive: string, drives: readonly string[]) =>
  `The machine has no drive ${quoted(drive)}. ${drives.length > 0 ? `Its drives: ${listSome(drives)}.` : 'It has no drives.'}`;
export const changesAlways = (name: string) =>
  `${shown(name)} changes with every step. To stop at an address, set an instruction breakpoint.`;
export const neverChanges = (name: string) =>
  `${shown(name)} is not a register whose value can change. Select another register.`;
export const notInThisFrame = (name: string) =>
  `${shown(name)} is a register in the frame of a calling function. Only the registers of the innermost frame can be watched. Select that frame.`;
export const notInMemory = (name: string) =>
  `${shown(name)} is not in memory, so accesses to it cannot be detected. Select a register or a variable in memory.`;

/** Why the machine stopped. The editor shows the reason next to the thread. */
export const stopTexts = {
  startOfRecording: () => 'Beginning of recording',
  endOfRecording: () => 'End of recording',
  atPosition: (position: number) => `At position ${position.toLocaleString('en-US')}`,
  isRead: (watched: { label: string; value: string }) => `${watched.label} was read: ${watched.value}`,
  changed: (watched: { label: string; before: string; after: string }) =>
    `${watched.label} changed: ${watched.before} -> ${watched.after}`,
  diskRequest: (request: { drive: string; kind: string; firstSector: number; sectors: number }) =>
    request.kind === 'flush'
      ? `${request.drive}: flush`
      : `${request.drive}: ${request.kind} of ${counted(request.sectors, 'sector')} from sector ${request.firstSector}`,
  printed: (label: string) => `The guest printed ${label}`,
  breakpointHit: (hit: number) => `Breakpoint, hit ${hit}`,
  hits: (count: number) => (count === 1 ? '1 hit' : `${count} hits`),
  withoutValue: (condition: string, problem: string) =>
    `The condition ${quoted(condition)} cannot be evaluated: ${problem}`,
  isWritten: (watched: { label: string; before: string; after: string }) =>
    `${watched.label} was written: ${watched.before} -> ${watched.after}`,
};

/** The progress titles of long runs. If the user cancels a run, the machine stops, as it does after Pause. */
export const progressTitles = {
  forward: () => 'Running forward',
  reverse: () => 'Running backward',
  stepBack: () => 'Stepping back',
  goBack: (position: number) => `Going back to position ${position.toLocaleString('en-US')}`,
  goForward: (position: number) => `Going forward to position ${position.toLocaleString('en-US')}`,
  counting: () => 'Counting breakpoint hits',
};

/** How the guest or the recording ended: a sentence without the period. */
export const endTexts = {
  powerOff: () => 'The guest powered off',
  guestFailed: (exitCode: number | undefined) => `The guest reported failure with code ${exitCode}`,
  reset: () => 'The guest requested a reset',
  haltedForever: () => 'All harts are waiting for interrupts that cannot occur',
  endOfRecording: () => 'The recording ends here',
};

export const gdbServerOn = (name: string) => `gdb server on ${name}`;

export const ownMistake = (text: string) => `This is a bug in blkreplay. Report it with this text: ${text}`;

/** A reason for `messageUnreadable`. */
export const NOT_AN_OBJECT = 'it is not an object';
export const messageUnreadable = (why: string) =>
  `A message from the client could not be read: ${why}. Check the client.`;

/** After this error or `notTheProtocol`, the session ends. */
export const messageTooLarge = ({ lengthBytes, bytesMax }: { lengthBytes: number; bytesMax: number }) =>
  `The client announced a message of ${lengthBytes} bytes; at most ${bytesMax} are accepted. The session ends. Check the client.`;

export const notTheProtocol = () =>
  'The input on stdin does not follow the Debug Adapter Protocol: a header is not terminated. The session ends. Start the adapter from an editor.';
