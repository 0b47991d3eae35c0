import type { DebugProtocol } from '@vscode/debugprotocol';

/** The adapter's capabilities for the `initialize` response. */
export const CAPABILITIES: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsStepBack: true,
  supportsFunctionBreakpoints: true,
  supportsInstructionBreakpoints: true,
  supportsDataBreakpoints: true,
  supportsReadMemoryRequest: true,
  supportsWriteMemoryRequest: true,
  supportsSetVariable: true,
  supportsSetExpression: true,
  supportsDisassembleRequest: true,
  supportsSteppingGranularity: true,
  supportsEvaluateForHovers: true,
  supportsTerminateRequest: true,
  supportsCancelRequest: true,
};
