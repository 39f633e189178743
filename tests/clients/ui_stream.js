// A chat as a page keeps it with the AI SDK. Arguments: the address of the chat. Input: the messages so far.
// Output: {message, error}, what the page would show next and the error that it would be told of.
import { json } from 'node:stream/consumers';
import { DefaultChatTransport, readUIMessageStream } from 'ai';

const [api] = process.argv.slice(2);
let message = null;
let error = null;
try {
  const stream = await new DefaultChatTransport({ api }).sendMessages({
    chatId: 'chat',
    messages: await json(process.stdin),
    trigger: 'submit-message',
  });
  for await (const state of readUIMessageStream({ stream, terminateOnError: true })) message = state;
} catch (thrown) {
  error = { name: thrown.name, message: thrown.message, status: thrown.statusCode ?? null };
}
console.log(JSON.stringify({ message, error }));
