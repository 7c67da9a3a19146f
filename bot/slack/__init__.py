"""The chat: listeners hear what people do, answers say what came of it, cards show a call, the messenger posts."""
