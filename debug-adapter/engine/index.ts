/** What front ends (command line, debug adapter, gdb server) use of the engine. */
export type { Host, HostFile, HostFiles } from './base/host.ts';
export type { Position } from './base/quantities.ts';
export { UserError, type UserErrorKind } from './errors/userError.ts';
export * as errors from './errors/index.ts';
export { digestText, type RecordingHeader } from './recording/header.ts';
export { ConsoleInput } from './recording/inputs/consoleInput.ts';
export { LiveInputs } from './recording/inputs/liveInputs.ts';
export { type IdleClock, RealtimeIdle } from './recording/inputs/realtimeIdle.ts';
export { RecordingReader } from './recording/recordingReader.ts';
export type { DriveOptions } from './timeline/driveStack.ts';
export { openRecord, openRun } from './timeline/openLive.ts';
export { openReplay } from './timeline/openReplay.ts';
export type { LiveSetup, RecordSetup, ReplaySetup } from './timeline/sessionOptions.ts';
export type { End, EndReason, Timeline } from './timeline/timeline.ts';
export type { StopPoints, Watchpoint, WatchHit } from './machine/stopPoints.ts';
export { type DataBreakpoint, Session } from './session/session.ts';
export type { StopReason } from './session/stopReason.ts';
