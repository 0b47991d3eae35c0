/** All cases in randomOperations.test.ts pass; `npm test` runs fewer random ones. */
import './randomOperations.test.ts';
