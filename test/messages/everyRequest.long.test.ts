/** If a request from an editor is refused, the error names the cause, the location and the remedy. */
import { breakpointRows } from './every/breakpointRows.ts';
import { expressionRows } from './every/expressionRows.ts';
import { requestRows } from './every/requestRows.ts';
import { testRows } from './every/rows.ts';

testRows('requests', requestRows);
testRows('expressions', expressionRows);
testRows('breakpoints', breakpointRows);
