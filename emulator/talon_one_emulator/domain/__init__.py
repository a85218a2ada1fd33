"""The data of the emulated account and the rules that apply to them."""
