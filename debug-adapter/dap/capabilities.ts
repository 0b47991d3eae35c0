import type { DebugProtocol } from '@vscode/debugprotocol';

/** What is announced is what is there. */
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
};
