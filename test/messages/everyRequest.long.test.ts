/** Every reason why a request of an editor is refused is shown with its cause, its place and its remedy. */
import { breakpointRows } from './every/breakpointRows.ts';
import { expressionRows } from './every/expressionRows.ts';
import { requestRows } from './every/requestRows.ts';
import { testRows } from './every/rows.ts';

testRows('requests', requestRows);
testRows('expressions', expressionRows);
testRows('breakpoints', breakpointRows);
