"""Commands that set up a project and find out what is wrong with it: init and doctor."""
