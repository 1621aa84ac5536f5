/** What a prompt is. The user chooses one, so that its text may tell the model what to do; nothing else of ours may. */
import type * as z from 'zod/v4';

export interface Prompt<Input extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** All optional: a client that asks for arguments one by one gets by with none. */
  readonly input: () => Input;
  /** The text that the user puts to the model. Arguments stand in it as data: in a grammar, or quoted. */
  write(args: z.output<Input>): string;
}

/** Ties the text's arguments to the schema; nothing more. */
export function definePrompt<Input extends z.ZodObject>(prompt: Prompt<Input>): Prompt {
  return prompt as unknown as Prompt;
}
