import path from 'node:path';
import { type LaunchConfiguration, parseLaunch as parse } from '../../debug-adapter/dap/launchConfiguration.ts';

/** Validates a launch configuration, with the path rules of this computer's operating system. */
export const parseLaunch = (input: unknown): LaunchConfiguration => parse(input, path.resolve);
