/**
 * The engine's interface for its front ends: the command line, the debug adapter and the gdb server. Positions are in
 * steps; offsets and lengths are in bytes. Invalid input, host failures and divergences are reported as a UserError.
 */
export { resolvePath, withAllowedPaths } from './base/host.ts';
export type { SnapshotPace, Host, HostFile, HostFiles } from './base/host.ts';
export { halfValue } from './base/halfFloat.ts';
export * as limits from './limits.ts';
export type { Position } from './base/quantities.ts';
export { FLOAT_REGISTER_NAMES, INTEGER_REGISTER_NAMES } from './base/registerNames.ts';
export { UserError, type UserErrorKind } from '../messages/userError.ts';
export * as errors from '../messages/index.ts';
export type { ConsoleOutput } from './recording/consoleOutput.ts';
export { describeEntry, entryAsJson } from './recording/describeEntry.ts';
export { digestText, type RecordingHeader } from './recording/header.ts';
export type { LogEntry } from './recording/logEntry.ts';
export { entriesNamed, ENTRY_NAMES, entryName } from './recording/portEntries.ts';
export { ConsoleInput } from './recording/inputs/consoleInput.ts';
export { LiveInputs } from './recording/inputs/liveInputs.ts';
export { type IdleClock, RealtimeIdle } from './recording/inputs/realtimeIdle.ts';
export { RecordingReader } from './recording/recordingReader.ts';
export { closedRecording, type RecordingFile } from './timeline/closedRecording.ts';
export { kernelOfRecording } from './timeline/bootFiles.ts';
export { replayablePosition } from './timeline/replayablePosition.ts';
export { lockToRead } from './timeline/filesInUse.ts';
export { countDeleted, type SnapshotInfo } from './timeline/snapshotInfo.ts';
export type { TimelineFiles } from './timeline/timelineFiles.ts';
export type { DriveOptions } from './timeline/driveStack.ts';
export {
  applyStoredSnapshot,
  deleteStoredSnapshot,
  type SnapshotEntryInfo,
  listStoredSnapshots,
  renameStoredSnapshot,
} from './timeline/files/storedSnapshots.ts';
export { commitOverlay, createOverlay, discardOverlay } from './timeline/files/overlayChanges.ts';
export {
  checkOverlay,
  type MapEntry,
  overlayInfo,
  type OverlayInfo,
  overlayMap,
} from './timeline/files/overlayInfo.ts';
export { identifyFile } from './timeline/files/identifyFile.ts';
export { ownFileKind, type OwnFileKind } from './timeline/files/ownFile.ts';
export { packRecording } from './timeline/files/pack.ts';
export { rebaseOverlay } from './timeline/files/rebase.ts';
export { type Unpacked, unpackRecording } from './timeline/files/unpack.ts';
export { SharedFolder } from './recording/inputs/sharedFolder.ts';
export { newOutputOnly } from './timeline/newOutputOnly.ts';
export { openRecord, openRun } from './timeline/openLive.ts';
export { openReplay } from './timeline/openReplay.ts';
export type { LiveSetup, RecordSetup, ReplaySetup } from './timeline/sessionOptions.ts';
export type { Notice } from '../messages/userError.ts';
export { complete, PAUSED, type Pending, PauseSignal, type Sliced } from './base/sliced.ts';
export type { Inspector } from './target/inspector.ts';
export type { End, EndReason, HistoryRange, Target, TargetDisk, TargetStop } from './target/target.ts';
export { endAtLiveEnd, type Timeline } from './timeline/timeline.ts';
export { TRAVEL_BUDGET, type TravelBudget } from './timeline/travelBudget.ts';
export { CSR_NUMBERS, FLOAT_CSRS } from './isa/csrs.ts';
export { isLeafEntry, pageAddressIn, PTE, rootTable } from './isa/pageTables.ts';
export { EXCEPTION, IRQ } from './isa/traps.ts';
export { type Disassembled, disassembleOne, type SymbolAt } from './disassembly/disassemble.ts';
export type {
  DiskHit,
  DiskRequestKind,
  RegisterHit,
  RegisterPoint,
  StepHit,
  StopPoints,
  Trap,
  Watchpoint,
  WatchHit,
} from './target/stopPoints.ts';
export { evaluatePredicate, type Predicate } from './target/predicate.ts';
export { advanceTo } from './session/advanceTo.ts';
export { RunControl, type RunOwner, type RunState } from './session/runControl.ts';
export { type ClientSignals, type RunMode, Runner, type RunnerHost } from './session/runner.ts';
export { stepBack, stepForward, stepOverCall } from './session/instructionStep.ts';
export { Session } from './session/session.ts';
export type { DataBreakpoint } from './session/stopPoints/userStopPoints.ts';
export type { Condition, HitCondition, LogMessage, StopPoint, StopPointKind } from './session/stopPoints/stopPoint.ts';
export { conditionOf } from './session/stopPoints/condition.ts';
export type { ExpressionScope } from './session/stopPoints/expressionScope.ts';
export { parseHitCondition } from './session/stopPoints/hitCondition.ts';
export { logMessageOf } from './session/stopPoints/logMessage.ts';
export type { BreakpointId, ConditionError, StopReason } from './session/stopReason.ts';
export { type DisassemblyRow, disassembleAround } from './session/disassemblyListing.ts';
export { frameViewOf } from './session/frameView.ts';
export { accessOfPageFault, type PageWalk, walkForAccess, type WalkedEntry } from './session/pageWalk.ts';
export { callStackOf, type StackFrame } from './session/callStack.ts';
export { enteredAtStop } from './session/inlineFrames.ts';
export { globalsOf, localsOf } from './session/frameVariables.ts';
export { LoadedSymbols } from './session/loadedSymbols.ts';
export type { SourceMapEntry } from './session/sourceMap.ts';
export { SourcePaths } from './session/sourcePaths.ts';
/** Reads the user's natvis files; mistakes in them are reported as notices. */
export { readFormatters } from './session/formatterFiles.ts';
export { largeDebugFilesOf } from './session/separateDebugFiles.ts';
export { openSymbolFiles, type SymbolFileOptions, type SymbolsSetting } from './session/symbolFiles.ts';
export {
  addResolvedBreakpoint,
  type BreakpointAddress,
  type BreakpointProblem,
  type ResolvedBreakpoint,
  resolveAddress,
  resolveFunction,
  resolveFunctionInSlices,
  resolveLine,
} from './session/resolvedBreakpoint.ts';
export type { SourceFrame } from './session/sourceFrames.ts';
export { SourceSteps } from './session/sourceSteps.ts';
export { isElf } from './machine/boot/bootPlan.ts';
export { unpackKernel } from './machine/boot/compressedKernel.ts';
export { deviceTreeOf, recordedDeviceTree, writeNewFile } from './timeline/deviceTree.ts';
export { baseName, createSymbolIndex, elfFromImage, openSymbols } from './symbols/index.ts';
export type * from './symbols/index.ts';
