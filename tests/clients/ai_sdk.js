// A question by the AI SDK's own model providers. Arguments: which of them, the address of /v1, the model, the question.
// Output: {whole, streamed, error}, of the first two each {text, sources}.
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';

const [provider, baseURL, name, prompt] = process.argv.slice(2);
const apiKey = 'none';
const model = {
  chat: () => createOpenAI({ baseURL, apiKey }).chat(name),
  compatible: () => createOpenAICompatible({ name: 'suraq', baseURL, apiKey })(name),
  responses: () => createOpenAI({ baseURL, apiKey })(name),
}[provider]();

const result = { whole: null, streamed: null, error: null };
try {
  const whole = await generateText({ model, prompt });
  result.whole = { text: whole.text, sources: whole.sources };
  const streamed = streamText({ model, prompt, onError() {} });
  result.streamed = { text: await streamed.text, sources: await streamed.sources };
} catch (thrown) {
  result.error = { name: thrown.name, message: thrown.message, status: thrown.statusCode ?? null };
}
console.log(JSON.stringify(result));
