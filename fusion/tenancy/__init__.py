"""Who exists, who may see and do what, and the one way in which anything is changed."""
