"""The protocols of chat frontends: each turns the same reply into its own form, and does nothing else."""
