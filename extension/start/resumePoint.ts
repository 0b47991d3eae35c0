import type { PositionEvent, RecordReplay } from '../../debug-adapter/dap/customProtocol.ts';

/**
 * The session that a user can resume after the window has been reloaded. It is stored as JSON in the workspace's state.
 */
export interface ResumePoint {
  /** The configuration with which the editor started the session, with all variables substituted. */
  configuration: Settings;
  /** The workspace folder that the session was started in. */
  folder: string | undefined;
  position: number;
  /**
   * Set if the session ended while the window was open. The session can still be resumed, but the extension does not
   * offer to do so.
   */
  hasEnded: boolean;
}

interface Settings {
  type: string;
  request: string;
  name: string;
  [setting: string]: unknown;
}

/** The resume point of a session that has stopped; undefined if the session has no recording that can be replayed. */
export function resumePointOf(
  configuration: Settings,
  folder: string | undefined,
  { rr, position }: { rr: RecordReplay } & Pick<PositionEvent, 'position'>,
): ResumePoint | undefined {
  if (rr === 'off' || typeof configuration.rrfile !== 'string') return undefined;
  return { configuration, folder, position, hasEnded: false };
}

/**
 * The configuration that resumes a session. It replays the recording, even if the session was recording. The editor's
 * own settings, whose names start with underscores, belong to the ended session and are removed.
 */
export function resumeConfiguration({ configuration, position }: ResumePoint): Settings {
  const own = Object.entries(configuration).filter(([setting]) => !setting.startsWith('__') && !OMITTED.has(setting));
  return {
    ...(Object.fromEntries(own) as Settings),
    ...{ rr: 'replay', startPosition: position },
  };
}

const OMITTED = new Set(['overwrite', 'overwriteAnswered', 'preLaunchTask', 'gdbServer', 'startPosition']);
